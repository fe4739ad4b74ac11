import { clone, equals } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { MessageSchema, RecipientState, SubmitRequestSchema, type Message, type Recipient, type SubmitRequest } from '@posthaste/protocol';
import type { FakeLanes } from './fake-lanes.ts';
import { attempt, newMessage, stateOf, type FakeEnd, type FakeOutcome } from './fake-message.ts';
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
}

/** All that a fake Posthaste knows, in memory. */
export class FakeQueue {
  readonly #kept = new Map<string, Kept>();
  readonly #keys = new Map<string, string>();
  /** Addresses by message, whose next outcome the test tells. */
  readonly #parked = new Map<string, Set<string>>();
  readonly #waiting = new Set<() => void>();
  readonly #script: FakeScript;
  readonly #lanes: FakeLanes;
  readonly #now: () => number;

  constructor(script: FakeScript, lanes: FakeLanes, now: () => number) {
    this.#script = script;
    this.#lanes = lanes;
    this.#now = now;
  }

  accept(request: SubmitRequest): Accepted {
    const name = JSON.stringify([request.tenant, request.idempotencyKey, request.briefKey]);
    const first = request.idempotencyKey === '' ? undefined : this.#keys.get(name);
    if (first !== undefined) return this.#replay(first, request);
    const message = newMessage(newId(this.#now()), request, this.#lanes.asked(request), this.#now());
    this.#keys.set(name, message.id);
    this.#kept.set(message.id, { request: clone(SubmitRequestSchema, request), versions: [message] });
    if (!request.sendAt || timestampMs(request.sendAt) <= this.#now()) this.#playSoon(message.id);
    return { message, request, replayed: false };
  }

  /** Its versions so far, the last one being the present. */
  versions(id: string): readonly Message[] {
    const kept = this.#kept.get(id);
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
    this.#change(id, (recipient) => attempt(recipient, outcome, this.#now()));
    this.#playSoon(id);
  }

  #replay(first: string, request: SubmitRequest): Accepted {
    const kept = this.#kept.get(first);
    if (kept && equals(SubmitRequestSchema, kept.request, request)) return { message: this.present(first), request, replayed: true };
    throw refusalError({
      code: 'IDEMPOTENCY_KEY_REUSED',
      sentence: `idempotency_key: this key belongs to another request, which became ${first}; give each mail a key of its own`,
      fields: [{ field: 'idempotency_key', description: 'belongs to another request' }],
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
    for (const { address, state } of this.present(id).recipients) {
      if (state !== RecipientState.QUEUED || parked.has(address)) continue;
      const outcome = this.#script(address);
      if (outcome.kind === 'wait') parked.add(address);
      else outcomes.set(address, outcome);
    }
    this.#parked.set(id, parked);
    if (outcomes.size === 0) return;
    this.#change(id, (recipient) => {
      const outcome = outcomes.get(recipient.address);
      if (outcome) attempt(recipient, outcome, this.#now());
    });
    this.#playSoon(id);
  }

  #change(id: string, act: (recipient: Recipient) => void): void {
    const next = clone(MessageSchema, this.present(id));
    for (const recipient of next.recipients) if (recipient.state === RecipientState.QUEUED) act(recipient);
    next.state = stateOf(next.recipients);
    this.#kept.get(id)?.versions.push(next);
    for (const wake of this.#waiting) wake();
  }
}

function notFound(id: string): Refusal {
  return { code: 'MESSAGE_NOT_FOUND', sentence: `no message has the id ${id}` };
}

/** A UUIDv7. */
function newId(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}
