import type { UniversalServerRequest } from '@connectrpc/connect/protocol';
import { MessageFrames } from './message-frames.ts';
import { enterOrRefuse } from '../limits/overload.ts';
import type { Space } from '../limits/room.ts';

export interface AdmissionOptions {
  readonly room: Space;
  /** The largest request of the method that is called. */
  readonly maxBytes: number;
  /** The client sends many messages. */
  readonly streams: boolean;
}

/** A request's place in memory: found before its body is read, and given back when it is answered. */
export interface Admission {
  /**
   * Settled when a body that says its length has found room, or was refused. Who reads such a body sets memory aside for all of it at once, so it is not
   * to be read, nor anybody to be told of it, before.
   */
  readonly settled: Promise<void>;
  /** Fails with the refusal. */
  readonly body: AsyncIterable<Uint8Array>;
  release(): void;
}

/** A body of unknown length up to this waits for room piece by piece. */
const smallBytes = 256 * 1024;
/** JSON is there as it came, as one piece, as text, and as what was read from it, until the next collection of garbage. */
const jsonWeight = 4;

export function admit(request: UniversalServerRequest, options: AdmissionOptions): Admission {
  const place = new Place(options.room, request.signal);
  const framed = isFramed(request.header, options);
  const entered = framed ? Promise.resolve() : enterWhole(request, options, place);
  return {
    settled: entered.catch(() => {}),
    body: framed ? passFrames(request, options, place) : passWhole(request, options, place, entered),
    release: () => place.release(),
  };
}

/** What one request holds of the room. */
class Place {
  readonly #room: Space;
  readonly #gone: AbortSignal;
  readonly #held: number[] = [];
  #released = false;

  constructor(room: Space, gone: AbortSignal) {
    this.#room = room;
    this.#gone = gone;
  }

  /** How often it has entered and not left. */
  get depth(): number {
    return this.#held.length;
  }

  async enter(bytes: number): Promise<void> {
    await enterOrRefuse(this.#room, bytes, this.#gone);
    this.#held.push(bytes);
    // Its client may go in the very moment in which its turn comes.
    if (this.#released) this.leave(this.depth);
  }

  /** Gives back what it entered with first, so many times. */
  leave(times: number): void {
    for (const bytes of this.#held.splice(0, times)) this.#room.leave(bytes);
  }

  /** Gives back everything, now and from now on. */
  release(): void {
    this.#released = true;
    this.leave(this.depth);
  }
}

/** A body that says its length, or that may be of any once it is unpacked, finds room for all of it at once. */
async function enterWhole({ header }: UniversalServerRequest, { maxBytes }: AdmissionOptions, place: Place): Promise<void> {
  const declared = declaredBytes(header, maxBytes);
  if (declared !== undefined) await place.enter(declared * weightOf(header));
}

async function* passWhole(
  { header, body }: UniversalServerRequest,
  { maxBytes }: AdmissionOptions,
  place: Place,
  entered: Promise<void>,
): AsyncGenerator<Uint8Array> {
  await entered;
  const weight = weightOf(header);
  let unknown = declaredBytes(header, maxBytes) === undefined ? 0 : Number.NaN;
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    unknown += bytes.length;
    // Who waits with what it has got could wait for one that waits for it: what turns out to be large gives its place back, and asks for all it can need.
    if (unknown > smallBytes) {
      unknown = Number.NaN;
      place.leave(place.depth);
      await place.enter(maxBytes * weight);
    } else if (unknown >= 0) await place.enter(bytes.length * weight);
    yield bytes;
  }
}

/** What the body takes at most; undefined when that is not said, or is above what is taken at all. */
function declaredBytes(header: Headers, maxBytes: number): number | undefined {
  const declared = isCompressed(header) ? maxBytes : Number(header.get('content-length') ?? Number.NaN);
  return declared <= maxBytes ? declared : undefined;
}

function weightOf(header: Headers): number {
  return /json/i.test(header.get('content-type') ?? '') ? jsonWeight : 1;
}

/** Each message finds room when it begins; that of a stream gives it back when the next is asked for. */
async function* passFrames({ body }: UniversalServerRequest, { maxBytes, streams }: AdmissionOptions, place: Place): AsyncGenerator<Uint8Array> {
  const frames = new MessageFrames();
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    for (const frame of frames.push(bytes)) await place.enter(frame.compressed ? maxBytes : Math.min(frame.bytes, maxBytes));
    yield bytes;
    if (streams) place.leave(frames.incomplete ? place.depth - 1 : place.depth);
  }
}

/** The body is messages with their lengths before them: gRPC's always, Connect's when it streams. */
function isFramed(header: Headers, { streams }: AdmissionOptions): boolean {
  return streams || /^application\/grpc/i.test(header.get('content-type') ?? '');
}

function isCompressed(header: Headers): boolean {
  return ['content-encoding', 'grpc-encoding'].some((name) => (header.get(name) ?? 'identity') !== 'identity');
}
