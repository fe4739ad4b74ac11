import { clone, equals } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { MessageSchema, RecipientState, SubmitRequestSchema, type Message, type Recipient, type SubmitRequest } from '@posthaste/protocol';
import type { FakeLanes } from './fake-lanes.ts';
import { attempt, defaultTenant, newMessage, stateOf, type FakeEnd, type FakeOutcome } from './fake-message.ts';
import { fakeUpstream } from './fake-selection.ts';
import type { Changed } from './fake-verbs.ts';
import { refusalError, type Refusal } from './refusal.ts';

/** What the next attempt for an address leads to. */
export type FakeScript = (address: string) => FakeOutcome;

export interface Accepted {
  readonly message: Message;
  readonly request: SubmitRequest;
  readonly replayed: boolean;
}

interface Kept {
  readonly request: SubmitRequest;
  /** As each change left it; the last one is the present. */
  readonly versions: Message[];
  /** Where an operator sent it. */
  upstream: string;
  /** Its failed recipients were thrown away. */
  isPurged: boolean;
}

/** Whether mail for this recipient is suspended. */
export type FakeStop = (message: Message, recipient: Recipient, upstream: string) => boolean;

/** All that a fake Posthaste knows, in memory. */
export class FakeQueue {
  readonly #kept = new Map<string, Kept>();
  readonly #keys = new Map<string, string>();
  /** Addresses by message, whose next outcome the test tells. */
  readonly #parked = new Map<string, Set<string>>();
  readonly #waiting = new Set<() => void>();
  /** By message and address: not before, in milliseconds. */
  readonly #dues = new Map<string, number>();
  readonly #script: FakeScript;
  readonly #lanes: FakeLanes;
  readonly #now: () => number;
  readonly #isStopped: FakeStop;

  constructor(script: FakeScript, lanes: FakeLanes, now: () => number, isStopped: FakeStop = () => false) {
    this.#script = script;
    this.#lanes = lanes;
    this.#now = now;
    this.#isStopped = isStopped;
  }

  accept(request: SubmitRequest): Accepted {
    const name = JSON.stringify([request.tenant || defaultTenant, request.idempotencyKey, request.briefKey]);
    const first = request.idempotencyKey === '' ? undefined : this.#keys.get(name);
    if (first !== undefined) return this.#replay(first, request);
    const message = newMessage(newId(this.#now()), request, this.#lanes.asked(request), this.#now());
    this.#keys.set(name, message.id);
    this.#kept.set(message.id, { request: clone(SubmitRequestSchema, request), versions: [message], upstream: fakeUpstream, isPurged: false });
    if (request.sendAt) for (const { address } of message.recipients) this.#dues.set(dueKey(message.id, address), timestampMs(request.sendAt));
    this.#playSoon(message.id);
    return { message, request, replayed: false };
  }

  /** Its versions so far, the last one being the present. */
  versions(id: string): readonly Message[] {
    const kept = this.#kept.get(id.toLowerCase());
    if (!kept) throw refusalError(notFound(id));
    return kept.versions;
  }

  present(id: string): Message {
    return this.versions(id).at(-1) as Message;
  }

  /** Oldest first. */
  all(): Accepted[] {
    return [...this.#kept].map(([id, { request }]) => ({ message: this.present(id), request, replayed: false }));
  }

  /** Whether a suspension keeps it. */
  isStopped(message: Message, recipient: Recipient): boolean {
    return isQueued(recipient) && this.#isStopped(message, recipient, this.boundFor(message.id));
  }

  has(id: string): boolean {
    return this.#kept.has(id);
  }

  /** The upstream that its next attempt goes to. */
  boundFor(id: string): string {
    return this.#kept.get(id)?.upstream ?? fakeUpstream;
  }

  /** Whether its dead letter was thrown away. */
  isPurged(id: string): boolean {
    return this.#kept.get(id)?.isPurged ?? false;
  }

  /** Messages that have come to their end and failed for somebody, oldest first. */
  dead(): Message[] {
    const isDead = ({ recipients }: Message) =>
      recipients.some(({ state }) => state === RecipientState.FAILED) && !recipients.some(({ state }) => isLive(state));
    return [...this.#kept].flatMap(([id, { isPurged }]) => (!isPurged && isDead(this.present(id)) ? [this.present(id)] : []));
  }

  /** What an operator does to some recipients of a message. */
  intervene(id: string, addresses: ReadonlySet<string>, act: (recipient: Recipient, message: Message) => Changed | void): void {
    const kept = this.#kept.get(id);
    this.#change(
      id,
      ({ address }) => addresses.has(address),
      (recipient, message) => {
        const { dueMs, upstream, isPurged } = act(recipient, message) ?? {};
        if (dueMs !== undefined) this.#dues.set(dueKey(id, recipient.address), dueMs);
        if (kept && upstream !== undefined) kept.upstream = upstream;
        if (kept && isPurged) kept.isPurged = true;
        recipient.changedAt = timestampFromMs(this.#now());
      },
    );
    this.#playSoon(id);
  }

  /** Something that kept mail back is gone. */
  playAll(): void {
    for (const id of this.#kept.keys()) this.#playSoon(id);
  }

  /** Resolves at the next change of any message; rejects when the signal is aborted first. */
  async change(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason as Error);
    this.#waiting.add(resolve);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', abort);
    }
  }

  /** What a test makes happen to the recipients that wait, for the test's word or for their time. */
  settle(id: string, outcome: FakeEnd): void {
    this.#parked.delete(id);
    this.#change(id, isQueued, (recipient) => {
      this.#dues.delete(dueKey(id, recipient.address));
      attempt(recipient, outcome, this.#now(), this.boundFor(id));
    });
    this.#playSoon(id);
  }

  #replay(first: string, request: SubmitRequest): Accepted {
    const kept = this.#kept.get(first);
    const asKept = { ...request, tenant: kept?.request.tenant ?? '' };
    if (kept && equals(SubmitRequestSchema, kept.request, asKept)) return { message: this.present(first), request, replayed: true };
    throw refusalError({
      code: 'IDEMPOTENCY_KEY_REUSED',
      sentence: 'the idempotency key was used for another request before; expected the same request, or a new key',
      metadata: { message_id: first },
    });
  }

  /** In a turn of its own, so that nobody hears of an outcome before the answer to the submission, and a watch sees each change. */
  #playSoon(id: string): void {
    setTimeout(() => this.#play(id), 0);
  }

  /** One attempt for each recipient that is queued and not parked. */
  #play(id: string): void {
    const parked = this.#parked.get(id) ?? new Set<string>();
    const outcomes = new Map<string, FakeEnd>();
    const message = this.present(id);
    for (const recipient of message.recipients) {
      const { address } = recipient;
      const isDue = (this.#dues.get(dueKey(id, address)) ?? 0) <= this.#now();
      if (!isQueued(recipient) || !isDue || parked.has(address) || this.isStopped(message, recipient)) continue;
      const outcome = this.#script(address);
      if (outcome.kind === 'wait') parked.add(address);
      else outcomes.set(address, outcome);
    }
    this.#parked.set(id, parked);
    if (outcomes.size === 0) return;
    this.#change(id, isQueued, (recipient) => {
      const outcome = outcomes.get(recipient.address);
      if (outcome) attempt(recipient, outcome, this.#now(), this.boundFor(id));
    });
    this.#playSoon(id);
  }

  #change(id: string, which: (recipient: Recipient) => boolean, act: (recipient: Recipient, message: Message) => void): void {
    const next = clone(MessageSchema, this.present(id));
    for (const recipient of next.recipients) if (which(recipient)) act(recipient, next);
    next.state = stateOf(next.recipients);
    this.#kept.get(id)?.versions.push(next);
    for (const wake of this.#waiting) wake();
  }
}

function isQueued({ state }: Recipient): boolean {
  return state === RecipientState.QUEUED;
}

function isLive(state: RecipientState): boolean {
  return state === RecipientState.QUEUED || state === RecipientState.HELD;
}

function dueKey(id: string, address: string): string {
  return `${id} ${address}`;
}

function notFound(id: string): Refusal {
  return { code: 'MESSAGE_NOT_FOUND', sentence: `no message has the id ${id}` };
}

/** A UUIDv7. */
function newId(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}
