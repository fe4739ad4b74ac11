import { hostname } from 'node:os';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span as ApiSpan, type SpanContext } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { Span, SpanOptions, Tracing } from './tracing.ts';

export interface ExportOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: { readonly name: string; readonly argument: string | undefined };
}

const kinds = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT } as const;

/** Traces by OTLP over HTTP, in batches behind the work; what cannot be sent is dropped. */
export function exportTraces({ url, headers, resource, sampler }: ExportOptions): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.instance.id': `${hostname()}:${process.pid}`, ...resource }),
    sampler: samplerOf(sampler),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url, headers: { ...headers } }) })],
  });
  const tracer = provider.getTracer('posthaste', resource['service.version']);
  return {
    enabled: true,
    begin(name, options) {
      const links = contextsOf(options.follows).map((context) => ({ context }));
      return spanOf(tracer.startSpan(name, { kind: kinds[options.kind], attributes: { ...options.attributes }, links }, parentOf(options)));
    },
    close: () => provider.shutdown(),
  };
}

function parentOf({ parent }: SpanOptions): Context {
  const [context] = contextsOf(parent);
  return context ? trace.setSpanContext(ROOT_CONTEXT, { ...context, isRemote: true }) : ROOT_CONTEXT;
}

function contextsOf(traceparent: string | undefined): SpanContext[] {
  const context = traceparent === undefined ? null : parseTraceParent(traceparent);
  return context ? [context] : [];
}

function spanOf(span: ApiSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    end({ attributes = {}, error } = {}) {
      span.setAttributes({ ...attributes, ...(error === undefined ? {} : { 'error.type': error }) });
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** The names of OTEL_TRACES_SAMPLER; one that is not known samples all, as the specification has it. */
function samplerOf({ name, argument }: ExportOptions['sampler']): Sampler {
  const ratio = Number(argument ?? 1);
  const roots: Readonly<Record<string, () => Sampler>> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(Number.isFinite(ratio) ? ratio : 1),
  };
  const root = (roots[name.replace(/^parentbased_/, '')] ?? (() => new AlwaysOnSampler()))();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}
