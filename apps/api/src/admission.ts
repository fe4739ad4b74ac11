import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { MessageFrames } from './message-frames.ts';
import { enterOrRefuse } from './overload.ts';
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

/** A body of unknown length up to this waits for room piece by piece. */
const smallBytes = 256 * 1024;
/** JSON is there as it came, as one piece, as text, and as what was read from it, until the next collection of garbage. */
const jsonWeight = 4;

export function admit(request: UniversalServerRequest, options: AdmissionOptions): Admission {
  const held: number[] = [];
  const passed = isFramed(request.header, options) ? passFrames(request, options, held) : passWhole(request, options, held);
  return {
    body: passed,
    release() {
      for (const bytes of held.splice(0)) options.room.leave(bytes);
    },
  };
}

/** A body that says its length, or that may be of any once it is unpacked, finds room for all of it at once. */
async function* passWhole(request: UniversalServerRequest, { room, maxBytes }: AdmissionOptions, held: number[]): AsyncGenerator<Uint8Array> {
  const { header, signal } = request;
  const weight = /json/i.test(header.get('content-type') ?? '') ? jsonWeight : 1;
  const enter = async (bytes: number) => {
    await enterOrRefuse(room, bytes * weight, signal);
    held.push(bytes * weight);
  };
  const declared = isCompressed(header) ? maxBytes : Number(header.get('content-length') ?? Number.NaN);
  if (declared <= maxBytes) await enter(declared);
  let unknown = declared <= maxBytes ? Number.NaN : 0;
  for await (const bytes of request.body as AsyncIterable<Uint8Array>) {
    unknown += bytes.length;
    // Who waits with what it has got could wait for one that waits for it: what turns out to be large gives its place back, and asks for all it can need.
    if (unknown > smallBytes) {
      unknown = Number.NaN;
      for (const each of held.splice(0)) room.leave(each);
      await enter(maxBytes);
    } else if (unknown >= 0) await enter(bytes.length);
    yield bytes;
  }
}

/** Each message finds room when it begins; that of a stream gives it back when the next is asked for. */
async function* passFrames(
  { body, signal }: UniversalServerRequest,
  { room, maxBytes, streams }: AdmissionOptions,
  held: number[],
): AsyncGenerator<Uint8Array> {
  const frames = new MessageFrames();
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    for (const frame of frames.push(bytes)) {
      const weight = frame.compressed ? maxBytes : Math.min(frame.bytes, maxBytes);
      await enterOrRefuse(room, weight, signal);
      held.push(weight);
    }
    yield bytes;
    if (!streams) continue;
    const complete = frames.incomplete ? held.length - 1 : held.length;
    for (const weight of held.splice(0, complete)) room.leave(weight);
  }
}

/** The body is messages with their lengths before them: gRPC's always, Connect's when it streams. */
function isFramed(header: Headers, { streams }: AdmissionOptions): boolean {
  return streams || /^application\/grpc/i.test(header.get('content-type') ?? '');
}

function isCompressed(header: Headers): boolean {
  return ['content-encoding', 'grpc-encoding'].some((name) => (header.get(name) ?? 'identity') !== 'identity');
}
