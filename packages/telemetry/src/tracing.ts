/**
 * Traces from the door to each attempt (OpenTelemetry). A trace travels with the mail as a `traceparent` (W3C Trace Context, 3.2). Nobody is told, and
 * nothing is loaded, unless an exporter is configured.
 */
export interface Tracing {
  /** Whether spans are told to anybody: what is only made for a span can be left out. */
  readonly enabled: boolean;
  begin(name: string, options: SpanOptions): Span;
  /** Sends what is left; no longer than a few seconds. */
  close(): Promise<void>;
}

export interface SpanOptions {
  readonly kind: 'server' | 'producer' | 'consumer' | 'client';
  /** The `traceparent` of the span that this one is a part of. */
  readonly parent?: string | undefined;
  /** The `traceparent` of a span in a trace of its own that this one follows. */
  readonly follows?: string | undefined;
  readonly attributes?: Attributes;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  /** To go on with elsewhere; undefined when nobody is told. */
  readonly traceparent: string | undefined;
  end(outcome?: SpanOutcome): void;
}

export interface SpanOutcome {
  readonly attributes?: Attributes;
  /** What failed, from a closed set: `error.type`. */
  readonly error?: string;
}

const silentSpan: Span = { traceparent: undefined, end: () => {} };

export const noTracing: Tracing = { enabled: false, begin: () => silentSpan, close: async () => {} };

export interface TracingOptions {
  /** `service.name` is `posthaste-` and this. */
  readonly program: string;
  readonly version: string;
  /**
   * The environment. Read are OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT, which switch traces on; OTEL_EXPORTER_OTLP_HEADERS,
   * OTEL_TRACES_SAMPLER with OTEL_TRACES_SAMPLER_ARG, OTEL_RESOURCE_ATTRIBUTES, and OTEL_SDK_DISABLED.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function createTracing({ program, version, env }: TracingOptions): Promise<Tracing> {
  const url = endpointOf(env);
  if (url === undefined || env['OTEL_SDK_DISABLED'] === 'true') return noTracing;
  const { exportTraces } = await import('./trace-export.ts');
  return exportTraces({
    url,
    headers: pairsOf(env['OTEL_EXPORTER_OTLP_HEADERS']),
    resource: { ...pairsOf(env['OTEL_RESOURCE_ATTRIBUTES']), 'service.name': `posthaste-${program}`, 'service.version': version },
    sampler: { name: env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on', argument: env['OTEL_TRACES_SAMPLER_ARG'] },
  });
}

/** The general endpoint is a base, to which each signal adds its path (OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP"). */
function endpointOf(env: TracingOptions['env']): string | undefined {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const general = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (own) return own;
  return general ? `${general.replace(/\/$/, '')}/v1/traces` : undefined;
}

/** `a=b,c=d`, values percent-encoded. */
function pairsOf(text = ''): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  return Object.fromEntries(pairs.flatMap(([key = '', ...value]) => (key.trim() === '' ? [] : [[key.trim(), decode(value.join('=').trim())]])));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
