import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HealthCheckRequestSchema, HealthCheckResponse_ServingStatus as Status, HealthCheckResponseSchema } from '@posthaste/protocol/grpc';

export interface HealthOptions {
  readonly ready: () => boolean;
  /** Told when the program begins to drain: whoever watches hears NOT_SERVING, and the call ends. */
  readonly draining: AbortSignal;
}

const look = { everyMs: 500 };
/** gRPC status codes. */
const code = { ok: 0, notFound: 5, unimplemented: 12, invalid: 3 } as const;
const service = '/grpc.health.v1.Health';
/** A length-prefixed message: one byte that says whether it is compressed, four of length (gRPC over HTTP/2, "Requests"). */
const prefixBytes = 5;
const largestRequestBytes = 1024;

/**
 * gRPC health (grpc.health.v1) of a whole program, beside its metrics: for orchestrators that ask by gRPC. The program is the service with the empty
 * name. Too little to load a gRPC server for it into programs that have no other use for one.
 */
export function answerHealth(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: HealthOptions): void {
  stream.on('error', () => {});
  readRequest(stream).then(
    (name) => {
      if (headers[':path'] === `${service}/Check`) return answer(stream, name === '' ? code.ok : code.notFound, name === '' ? options : undefined);
      if (headers[':path'] === `${service}/Watch` && name === '') return watch(stream, options);
      return answer(stream, headers[':path'] === `${service}/Watch` ? code.notFound : code.unimplemented);
    },
    () => answer(stream, code.invalid),
  );
}

async function readRequest(stream: ServerHttp2Stream): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > largestRequestBytes) throw new Error('larger than any question about health');
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  if (bytes.length < prefixBytes || bytes[0] !== 0) throw new Error('not one uncompressed message');
  return fromBinary(HealthCheckRequestSchema, bytes.subarray(prefixBytes)).service;
}

/** One message at most, and the status in the trailers; without a message all of it goes as headers ("Trailers-Only"). */
function answer(stream: ServerHttp2Stream, status: number, options?: HealthOptions): void {
  if (stream.destroyed) return;
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  if (!options) return stream.respond({ ...head, 'grpc-status': String(status) }, { endStream: true });
  begin(stream, head);
  stream.end(frameOf(options));
}

function watch(stream: ServerHttp2Stream, options: HealthOptions): void {
  if (stream.destroyed) return;
  begin(stream, { ':status': 200, 'content-type': 'application/grpc' });
  let told: boolean | undefined;
  const tell = () => {
    const ready = isServing(options);
    if (ready !== told) stream.write(frameOf(options));
    told = ready;
  };
  const timer = setInterval(tell, look.everyMs);
  const end = () => {
    tell();
    stream.end();
  };
  stream.once('close', () => {
    clearInterval(timer);
    options.draining.removeEventListener('abort', end);
  });
  tell();
  if (options.draining.aborted) stream.end();
  else options.draining.addEventListener('abort', end, { once: true });
}

function begin(stream: ServerHttp2Stream, headers: Readonly<Record<string, string | number>>): void {
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(code.ok) }));
  stream.respond(headers, { waitForTrailers: true });
}

function isServing({ ready, draining }: HealthOptions): boolean {
  return ready() && !draining.aborted;
}

function frameOf(options: HealthOptions): Buffer {
  const status = isServing(options) ? Status.SERVING : Status.NOT_SERVING;
  const message = toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }));
  const frame = Buffer.alloc(prefixBytes + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}
