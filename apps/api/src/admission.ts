import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { MessageFrames } from './message-frames.ts';
import { enterOrRefuse, refuseOverload } from './overload.ts';
import type { Room } from './room.ts';

export interface AdmissionOptions {
  readonly room: Room;
  /** The largest request of the method that is called. */
  readonly maxBytes: number;
  /** The client sends many messages. */
  readonly streams: boolean;
}

/** A request's place in memory: found before its body is read, and given back when it is answered. */
export interface Admission {
  readonly body: AsyncIterable<Uint8Array>;
  release(): void;
}

/** JSON is there as bytes, as text and as what was read from it. */
const jsonWeight = 3;

export function admit(request: UniversalServerRequest, options: AdmissionOptions): Admission {
  const held: number[] = [];
  const body = request.body as AsyncIterable<Uint8Array>;
  const { room, streams } = options;
  return {
    body: streams ? passFrames(body, request, options, held) : passWhole(body, request, options, held),
    release() {
      for (const bytes of held.splice(0)) room.leave(bytes);
    },
  };
}

/** What says its length finds room for all of it at once; the others go on as long as there is room. */
async function* passWhole(
  body: AsyncIterable<Uint8Array>,
  { header, signal }: UniversalServerRequest,
  { room, maxBytes }: AdmissionOptions,
  held: number[],
): AsyncGenerator<Uint8Array> {
  const weight = /json/i.test(header.get('content-type') ?? '') ? jsonWeight : 1;
  const declared = isCompressed(header) ? maxBytes : Number(header.get('content-length') ?? Number.NaN);
  if (declared <= maxBytes) {
    await enterOrRefuse(room, declared * weight, signal);
    held.push(declared * weight);
    return yield* body;
  }
  for await (const bytes of body) {
    if (!room.tryEnter(bytes.length * weight)) throw refuseOverload();
    held.push(bytes.length * weight);
    yield bytes;
  }
}

/** Each message of a stream finds room when it begins, and gives it back when the next is asked for. */
async function* passFrames(
  body: AsyncIterable<Uint8Array>,
  { signal }: UniversalServerRequest,
  { room, maxBytes }: AdmissionOptions,
  held: number[],
): AsyncGenerator<Uint8Array> {
  const frames = new MessageFrames();
  for await (const bytes of body) {
    for (const frame of frames.push(bytes)) {
      const weight = frame.compressed ? maxBytes : Math.min(frame.bytes, maxBytes);
      await enterOrRefuse(room, weight, signal);
      held.push(weight);
    }
    yield bytes;
    const complete = frames.incomplete ? held.length - 1 : held.length;
    for (const weight of held.splice(0, complete)) room.leave(weight);
  }
}

function isCompressed(header: Headers): boolean {
  return ['content-encoding', 'grpc-encoding'].some((name) => (header.get(name) ?? 'identity') !== 'identity');
}
