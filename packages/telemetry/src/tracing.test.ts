import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createTracing, noTracing } from './tracing.ts';

interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status?: { readonly code?: number };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: ReceivedSpan['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

/** A collector as far as OTLP over HTTP with JSON goes. */
async function startCollector() {
  const exports: Export[] = [];
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      paths.push(request.url);
      exports.push(JSON.parse(Buffer.concat(pieces).toString()) as Export);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const spans = () => exports.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, exports, paths, spans };
}

test('tells nobody and gives no traceparent when no exporter is configured', async () => {
  const tracing = await createTracing({ program: 'relay', version: '1', env: {} });
  expect(tracing).toBe(noTracing);
  expect(tracing.begin('send', { kind: 'producer' }).traceparent).toBeUndefined();
});

test('is switched off by OTEL_SDK_DISABLED', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' };
  expect(await createTracing({ program: 'relay', version: '1', env })).toBe(noTracing);
});

test('a trace goes on under its traceparent, and a later one links to it', async () => {
  const collector = await startCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%20bed' };
  const tracing = await createTracing({ program: 'relay', version: '1.2.3', env });
  const door = tracing.begin('send mail', { kind: 'producer', attributes: { 'email.priority': 'high' } });
  const first = tracing.begin('attempt', { kind: 'client', parent: door.traceparent });
  const later = tracing.begin('attempt', { kind: 'client', follows: door.traceparent });
  later.end({ error: 'deferred', attributes: { 'smtp.response.status_code': 451 } });
  first.end();
  door.end();
  await tracing.close();

  expect(collector.paths).toEqual(['/v1/traces']);
  const [spanLater, spanFirst, spanDoor] = collector.spans();
  expect(door.traceparent).toBe(`00-${spanDoor?.traceId}-${spanDoor?.spanId}-01`);
  expect(spanFirst).toMatchObject({ traceId: spanDoor?.traceId, parentSpanId: spanDoor?.spanId });
  expect(spanLater?.traceId).not.toBe(spanDoor?.traceId);
  expect(spanLater?.links).toMatchObject([{ traceId: spanDoor?.traceId, spanId: spanDoor?.spanId }]);
  expect(spanLater?.status?.code).toBe(2);
  expect(spanLater?.attributes).toContainEqual({ key: 'error.type', value: { stringValue: 'deferred' } });
  const resource = collector.exports[0]?.resourceSpans[0]?.resource.attributes;
  expect(resource).toContainEqual({ key: 'service.name', value: { stringValue: 'posthaste-relay' } });
  expect(resource).toContainEqual({ key: 'deployment.environment.name', value: { stringValue: 'test bed' } });
});

test('a sampler that takes none lets none out, and what cannot be told does not hold up the end', async () => {
  const collector = await startCollector();
  const silent = await createTracing({
    program: 'api',
    version: '1',
    env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'always_off' },
  });
  silent.begin('send mail', { kind: 'producer' }).end();
  await silent.close();
  expect(collector.spans()).toEqual([]);
});
