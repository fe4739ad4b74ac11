import { create } from '@bufbuild/protobuf';
import { status, type ServerDuplexStream, type UntypedHandleCall } from '@grpc/grpc-js';
import { type Attempt, begunBy, type Effect } from '@posthaste/core';
import { type DispatchRequest, DispatchRequestSchema, type DispatchResponse, type Hello } from '@posthaste/protocol/dispatch';
import type { Clock, Log } from '@posthaste/telemetry';
import { batchMessages, heartbeatMessage, say, toInput, welcomeMessage } from './dispatch-messages.ts';
import type { Driver } from './driver.ts';

export type DispatchStream = ServerDuplexStream<DispatchRequest, DispatchResponse>;

const heartbeatMs = 1_000;
/** A stream on which nothing was heard for so long is ended. It is looked at every second, so nothing is said on one that was silent for 5 s. */
const silenceMs = 4_000;

/** One sender's stream. */
interface Session {
  readonly sender: string;
  readonly stream: DispatchStream;
  heardAt: number;
  /** What is to be said at the end of this turn: one message for many attempts costs one write. */
  attempts: Attempt[];
  acknowledged: string[];
  begun: string[];
}

export interface SendersOptions {
  readonly partition: number;
  readonly epoch: number;
  readonly senderLeaseMs: number;
  /** Attempts in one message: a sender gets the first of many soon. */
  readonly batchSize: number;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The senders' streams during one epoch: what they say goes to the engine, what the engine decides goes to them. */
export class Senders {
  readonly #options: SendersOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: SendersOptions) {
    this.#options = options;
    void this.#beat();
    options.signal.addEventListener('abort', () => this.#endAll(), { once: true });
  }

  /** Takes over a stream on which the sender has said hello. */
  serve(stream: DispatchStream, hello: Hello): void {
    let session = this.#meet(stream, hello.senderId);
    this.#hear(session, create(DispatchRequestSchema, { said: { case: 'hello', value: hello } }));
    stream.on('data', (request: DispatchRequest) => {
      if (request.said.case === 'hello') session = this.#meet(stream, request.said.value.senderId);
      this.#hear(session, request);
    });
    const gone = () => this.#leave(session);
    stream.on('end', gone);
    stream.on('error', gone);
    stream.on('close', gone);
  }

  /** To be called after the journal's acknowledgement. */
  send(sender: string, attempts: readonly Attempt[]): void {
    this.#gather(sender, (session) => session.attempts.push(...attempts));
  }

  /** To be called after the journal's acknowledgement. */
  acknowledge(sender: string, attemptIds: readonly string[]): void {
    this.#gather(sender, (session) => session.acknowledged.push(...attemptIds));
  }

  cancel(sender: string, attemptIds: readonly string[]): void {
    this.#write(sender, say({ case: 'cancel', value: { attemptIds: [...attemptIds] } }));
  }

  allot(allotment: Extract<Effect, { kind: 'allot' }>): void {
    const { sender, upstream, connections, number } = allotment;
    if (!this.#options.driver.engine.isAllotted(allotment)) return;
    this.#write(sender, say({ case: 'allotment', value: { upstream, connections, number: BigInt(number) } }));
  }

  dismiss(sender: string): void {
    const session = this.#sessions.get(sender);
    if (session) refuse(session.stream, status.ABORTED, 'the lease is over: say hello again');
  }

  /** A sender has one stream at a time; a new hello ends the older one. */
  #meet(stream: DispatchStream, sender: string): Session {
    const { clock, epoch, senderLeaseMs, log } = this.#options;
    const before = this.#sessions.get(sender);
    if (before && before.stream !== stream) refuse(before.stream, status.ABORTED, 'replaced by a newer stream of the same sender');
    const session: Session = { sender, stream, heardAt: clock.monotonic(), attempts: [], acknowledged: [], begun: [] };
    this.#sessions.set(sender, session);
    log.info('a sender said hello', { sender });
    stream.write(welcomeMessage(epoch, senderLeaseMs, clock.monotonic()));
    return session;
  }

  #hear(session: Session, request: DispatchRequest): void {
    session.heardAt = this.#options.clock.monotonic();
    if (this.#sessions.get(session.sender) !== session) return;
    const input = toInput(session.sender, request);
    if (!input) return;
    this.#options.driver.tell(input);
    const begun = begunBy(input);
    if (begun.length > 0) this.#confirm(session.sender, begun);
  }

  /**
   * What has begun is known from here on, unless it is not this sender's any more. That needs no entry in the journal: after a crash everything that was
   * started counts as begun.
   */
  #confirm(sender: string, begun: readonly string[]): void {
    const held = new Set(this.#options.driver.engine.heldBy(sender, begun));
    if (held.size > 0) this.#gather(sender, (session) => session.begun.push(...held));
    if (held.size < begun.length)
      this.cancel(
        sender,
        begun.filter((attempt) => !held.has(attempt)),
      );
  }

  #leave(session: Session): void {
    if (this.#sessions.get(session.sender) !== session) return;
    this.#sessions.delete(session.sender);
    this.#options.log.info('a sender left', { sender: session.sender });
    this.#options.driver.tell({ kind: 'disconnected', sender: session.sender });
  }

  #gather(sender: string, add: (session: Session) => void): void {
    const session = this.#sessions.get(sender);
    if (!session) return;
    const waiting = session.attempts.length + session.acknowledged.length + session.begun.length;
    if (waiting === 0) queueMicrotask(() => this.#tell(session));
    add(session);
  }

  /** An attempt that was concluded after it was decided on is not sent. */
  #tell(session: Session): void {
    const { driver, epoch, partition, batchSize } = this.#options;
    const { attempts, acknowledged, begun, stream } = session;
    session.attempts = [];
    session.acknowledged = [];
    session.begun = [];
    if (this.#sessions.get(session.sender) !== session) return;
    if (acknowledged.length + begun.length > 0)
      stream.write(say({ case: 'acknowledgement', value: { attemptIds: acknowledged, begunAttemptIds: begun } }));
    const current = attempts.filter((attempt) => driver.engine.isCurrent(attempt));
    const now = driver.now();
    const writing = { mono: now.mono, usefulForMs: (mail: Attempt['mail']) => driver.engine.usefulForMs(mail, now) };
    for (const message of batchMessages(partition, epoch, current, batchSize, writing)) stream.write(message);
  }

  #write(sender: string, message: DispatchResponse): void {
    this.#sessions.get(sender)?.stream.write(message);
  }

  async #beat(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      const now = clock.monotonic();
      for (const session of this.#sessions.values()) {
        if (now - session.heardAt > silenceMs) refuse(session.stream, status.DEADLINE_EXCEEDED, `nothing was heard for ${silenceMs} ms`);
        else session.stream.write(heartbeatMessage(now));
      }
      await clock.sleep(heartbeatMs, signal).catch(() => {});
    }
  }

  #endAll(): void {
    for (const { stream } of this.#sessions.values())
      refuse(stream, status.UNAVAILABLE, `this scheduler no longer owns partition ${this.#options.partition}`);
  }
}

/** Ends a stream with a status. */
function refuse(stream: DispatchStream, code: status, details: string): void {
  stream.emit('error', Object.assign(new Error(details), { code, details }));
}

/** `current`: the senders of a partition's present epoch, or null while another scheduler owns it. */
export function dispatchHandler(current: (partition: number) => Senders | null): UntypedHandleCall {
  return (stream: DispatchStream) => {
    stream.on('error', () => {});
    stream.once('end', () => stream.end());
    stream.once('data', ({ said }: DispatchRequest) => {
      if (said.case !== 'hello') return refuse(stream, status.FAILED_PRECONDITION, 'the first request of a stream must be a hello');
      const { partition } = said.value;
      const senders = current(partition);
      if (senders) senders.serve(stream, said.value);
      else refuse(stream, status.UNAVAILABLE, `this scheduler does not own partition ${partition} now`);
    });
  };
}
