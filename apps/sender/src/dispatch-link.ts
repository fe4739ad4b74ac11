import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { grpcMethod } from '@posthaste/protocol';
import {
  type Allotment,
  type Attempt,
  type DispatchRequest,
  DispatchRequestSchema,
  type DispatchResponse,
  DispatchService,
  HeartbeatSchema,
  type Hello,
  type Welcome,
} from '@posthaste/protocol/dispatch';
import { type Clock, describeError, type Log } from '@posthaste/telemetry';
import type { Lease } from './lease.ts';
import { Transit } from './transit.ts';

const heartbeatMs = 1_000;
/** Silence of this length, on either side, ends the stream. The lease's rule leans on it. */
export const silenceMs = 5_000;
/** A partition changes hands within seconds: to look for its owner every second costs one question of storage. */
const backOffMs = { first: 100, last: 1_000 };

/** What the scheduler says, and what to say to it first. */
export interface LinkListener {
  hello(): Hello;
  welcomed(welcome: Welcome): void;
  /** `lateMs`: how long they were under way. */
  assigned(attempts: readonly Attempt[], lateMs: number): void;
  acknowledged(attemptIds: readonly string[]): void;
  /** The scheduler knows that these have begun. */
  confirmed(attemptIds: readonly string[]): void;
  cancelled(attemptIds: readonly string[]): void;
  /** How many connections to an upstream this sender may have. */
  allotted(allotment: Allotment): void;
}

export interface LinkOptions {
  /** Where to dial, asked anew each time; undefined: there is nobody to dial now. */
  readonly address: () => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  readonly lease: Lease;
  readonly listener: LinkListener;
}

type Stream = ClientDuplexStream<DispatchRequest, DispatchResponse>;

/** Keeps one stream to a partition's owner: dials, says hello, keeps it alive, notices its end, dials again. */
export class DispatchLink {
  readonly #options: LinkOptions;
  #welcomed: Stream | undefined;
  #heardAt = 0;
  #transit = new Transit();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#welcomed !== undefined;
  }

  /** False when no stream is open. */
  say(said: DispatchRequest['said']): boolean {
    return this.#welcomed ? write(this.#welcomed, said) : false;
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    for (let waitMs = backOffMs.first; !signal.aborted;) {
      const end = await this.#dial(signal);
      if (signal.aborted) return;
      log.warn('there is no stream to the scheduler; dialling again', { reason: end.reason, inMs: waitMs });
      await clock.sleep(waitMs, signal).catch(() => {});
      waitMs = end.welcomed ? backOffMs.first : Math.min(waitMs * 2, backOffMs.last);
    }
  }

  async #dial(signal: AbortSignal): Promise<{ readonly reason: string; readonly welcomed: boolean }> {
    const address = await this.#options.address();
    return address === undefined ? { reason: 'nobody owns the partition now', welcomed: false } : this.#talk(address, signal);
  }

  async #talk(address: string, signal: AbortSignal): Promise<{ readonly reason: string; readonly welcomed: boolean }> {
    // A channel of its own each time: gRPC's own back-off would outlast ours.
    const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const { path, requestSerialize, responseDeserialize } = grpcMethod(DispatchService.method.dispatch);
    const stream: Stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const over = new AbortController();
    const end = (reason: string) => over.abort(reason);
    const stop = () => end('the sender stops');
    signal.addEventListener('abort', stop);
    this.#transit = new Transit();
    this.#attach(stream, over.signal, end);
    await this.#keepAlive(stream, over.signal, end);
    signal.removeEventListener('abort', stop);
    const welcomed = this.#welcomed === stream;
    this.#welcomed = undefined;
    stream.cancel();
    client.close();
    return { reason: `${String(over.signal.reason)} (${address})`, welcomed };
  }

  /** Until `over`: whatever an ended stream still yields is ignored. */
  #attach(stream: Stream, over: AbortSignal, end: (reason: string) => void): void {
    stream.on('error', (error) => end(describeError(error)));
    stream.on('end', () => end('the scheduler ended it'));
    stream.on('data', (response: DispatchResponse) => {
      if (!over.aborted) this.#hear(stream, response);
    });
  }

  async #keepAlive(stream: Stream, over: AbortSignal, end: (reason: string) => void): Promise<void> {
    const { clock, lease, listener } = this.#options;
    this.#heardAt = clock.monotonic();
    let spokeAt = clock.monotonic();
    lease.spoke(spokeAt);
    write(stream, { case: 'hello', value: listener.hello() });
    while (!over.aborted) {
      await clock.sleep(heartbeatMs, over).catch(() => {});
      if (over.aborted) return;
      const now = clock.monotonic();
      if (now - this.#heardAt > silenceMs) return end(`the scheduler was silent for ${silenceMs} ms`);
      if (now - spokeAt > silenceMs) return end(`this program was stopped for more than ${silenceMs} ms`);
      spokeAt = now;
      lease.spoke(now);
      write(stream, { case: 'heartbeat', value: create(HeartbeatSchema) });
    }
  }

  #hear(stream: Stream, { said }: DispatchResponse): void {
    const { clock, lease, listener } = this.#options;
    this.#heardAt = clock.monotonic();
    if (said.case === 'welcome') {
      lease.setLength(said.value.lease ? durationMs(said.value.lease) : 0);
      this.#welcomed = stream;
    }
    lease.heard(this.#heardAt);
    const lateMs = this.#latenessOf(said);
    switch (said.case) {
      case 'welcome':
        return listener.welcomed(said.value);
      case 'batch':
        return listener.assigned(said.value.attempts, lateMs);
      case 'acknowledgement':
        listener.confirmed(said.value.begunAttemptIds);
        return listener.acknowledged(said.value.attemptIds);
      case 'cancel':
        return listener.cancelled(said.value.attemptIds);
      case 'allotment':
        return listener.allotted(said.value);
      case 'heartbeat':
      case undefined:
    }
  }

  #latenessOf(said: DispatchResponse['said']): number {
    const clock = said.value && 'clock' in said.value ? said.value.clock : undefined;
    return clock ? this.#transit.lateness(durationMs(clock), this.#heardAt) : 0;
  }
}

function write(stream: Stream, said: DispatchRequest['said']): boolean {
  if (stream.destroyed || stream.writableEnded) return false;
  // What piles up is bounded by the credit, so back-pressure is not waited for.
  stream.write(create(DispatchRequestSchema, { said }));
  return true;
}
