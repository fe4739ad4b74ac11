import type { ServerHttp2Stream } from 'node:http2';
import { ConnectError } from '@connectrpc/connect';
import {
  ResponderBuilder,
  ServerInterceptingCall,
  ServerListenerBuilder,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { MessageFrames, type Frame } from '../web/message-frames.ts';
import { enterOrRefuse } from '../limits/overload.ts';
import { refusal, refuseTooLarge } from '../refusal/refusal.ts';
import type { Space } from '../limits/room.ts';
import { widenWindow } from './connection-window.ts';
import { grpcStatusOf } from './status.ts';

export interface ArrivalOptions {
  /** What all requests together may take in memory. */
  readonly room: Space;
  /** The largest message of a method, by the method's path. */
  readonly maxBytesOf: (path: string) => number;
  /** How long the request of a unary call may take to arrive. */
  readonly requestTimeoutMs: number;
}

/** A message of a client's stream; whoever takes it says so. */
export interface ArrivedMessage {
  readonly bytes: Buffer;
  release(): void;
}

/** What a client's stream may have brought that nobody has taken. */
const readAheadBytes = 1024 * 1024;
/** Deflate makes no more of a byte. */
const highestRatio = 1032;

/**
 * grpc-js reads what comes, up to the limit of a message, for any number of calls. Here each message has to find room before its bytes are read: its
 * length is known from its first five bytes.
 */
export function watchArrival(options: ArrivalOptions): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    const arrival = new Arrival(call, options.room, options.maxBytesOf(path));
    if (requestStream) return new PacedCall(call, arrival);
    arrival.within(options.requestTimeoutMs);
    return call as ServerInterceptingCall;
  };
}

class Arrival {
  readonly #call: ServerInterceptingCallInterface;
  readonly #stream: ServerHttp2Stream;
  readonly #room: Space;
  readonly #maxBytes: number;
  readonly #frames = new MessageFrames();
  /** What each message that is in memory was let in with, in their order. */
  readonly #held: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Only while it waits: most calls never do. */
  #waiting: AbortController | undefined;
  #untaken = 0;
  #readOn: (() => void) | undefined;

  constructor(call: ServerInterceptingCallInterface, room: Space, maxBytes: number) {
    this.#call = call;
    this.#stream = streamOf(call);
    this.#room = room;
    this.#maxBytes = maxBytes;
    widenWindow(this.#stream.session);
    // Before grpc-js looks at the bytes: its own refusals carry no reason.
    this.#stream.prependListener('data', (bytes: Buffer) => this.#look(bytes));
    this.#stream.once('close', () => this.#end());
  }

  within(timeoutMs: number): void {
    const late = () => this.#refuse(refusal('DEADLINE_EXCEEDED', `the request did not arrive within ${timeoutMs} ms`));
    this.#timer = setTimeout(late, timeoutMs);
  }

  /** A message of a stream on its way to who takes it. */
  pass(bytes: Buffer): ArrivedMessage {
    this.#untaken += bytes.length;
    const release = () => {
      this.#untaken -= bytes.length;
      const held = this.#held.shift();
      if (held !== undefined) this.#room.leave(held);
      this.#proceed();
    };
    return { bytes, release };
  }

  /** Reads on now, or when what was read has found room and takers. */
  pace(readOn: () => void): void {
    this.#readOn = readOn;
    this.#proceed();
  }

  #proceed(): void {
    if (this.#waiting || this.#untaken >= readAheadBytes) return;
    const readOn = this.#readOn;
    this.#readOn = undefined;
    readOn?.();
  }

  #look(bytes: Buffer): void {
    const begun = this.#frames.push(bytes);
    for (const [index, frame] of begun.entries()) {
      if (frame.bytes > this.#maxBytes) return this.#refuse(refuseTooLarge(this.#maxBytes));
      const isHere = index < begun.length - 1 || !this.#frames.incomplete;
      this.#letIn(weightOf(frame, this.#maxBytes), isHere);
    }
    if (begun.length > 0 && !this.#frames.incomplete) clearTimeout(this.#timer);
  }

  #letIn(bytes: number, isHere: boolean): void {
    if (isHere) this.#room.force(bytes);
    if (isHere || this.#room.tryEnter(bytes)) this.#held.push(bytes);
    else void this.#wait(bytes);
  }

  async #wait(bytes: number): Promise<void> {
    const waiting = (this.#waiting = new AbortController());
    this.#stream.pause();
    try {
      await enterOrRefuse(this.#room, bytes, waiting.signal);
    } catch (error) {
      return this.#refuse(ConnectError.from(error));
    }
    if (waiting.signal.aborted) return this.#room.leave(bytes);
    this.#waiting = undefined;
    this.#held.push(bytes);
    if (this.#readOn) this.#proceed();
    else this.#stream.resume();
  }

  #refuse(error: ConnectError): void {
    clearTimeout(this.#timer);
    this.#call.sendStatus(grpcStatusOf(error));
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#waiting?.abort();
    for (const bytes of this.#held.splice(0)) this.#room.leave(bytes);
  }
}

class PacedCall extends ServerInterceptingCall {
  readonly #arrival: Arrival;

  constructor(call: ServerInterceptingCallInterface, arrival: Arrival) {
    const listener = new ServerListenerBuilder().withOnReceiveMessage((message: Buffer, next) => next(arrival.pass(message))).build();
    super(call, new ResponderBuilder().withStart((next) => next(listener)).build());
    this.#arrival = arrival;
  }

  override startRead(): void {
    this.#arrival.pace(() => super.startRead());
  }
}

function weightOf({ bytes, compressed }: Frame, maxBytes: number): number {
  return compressed ? Math.min(bytes * highestRatio, maxBytes) : bytes;
}

/** grpc-js hands the HTTP/2 stream to nobody, and has nothing of its own that bounds what all calls together take. */
function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  const { stream } = call as unknown as { readonly stream?: ServerHttp2Stream };
  if (!stream) throw new Error('this release of @grpc/grpc-js keeps the stream of a call elsewhere');
  return stream;
}
