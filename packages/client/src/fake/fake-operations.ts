import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  InterventionSchema,
  type Message,
  type MessageSelector,
  type Operation,
  type OperationKind,
  OperationSchema,
  type Recipient,
  RecipientState,
  UnchangedCause,
} from '@posthaste/protocol';
import { isFinal } from '../message-status.ts';
import type { FakeQueue } from './fake-queue.ts';
import { isNamed } from './fake-selection.ts';
import type { Verb } from './fake-verbs.ts';
import { refusalError } from './refusal.ts';

/** What all operations ask for. */
export interface Asked {
  readonly selector?: MessageSelector | undefined;
  readonly comment: string;
  readonly author: string;
  readonly dryRun: boolean;
  readonly operationId: string;
}

interface Named {
  readonly message: Message;
  readonly recipients: readonly Recipient[];
}

/** Operations of a fake are done when they are answered. */
export class FakeOperations {
  readonly #queue: FakeQueue;
  readonly #now: () => number;
  readonly #done = new Map<string, Operation>();

  constructor(queue: FakeQueue, now: () => number) {
    this.#queue = queue;
    this.#now = now;
  }

  find(id: string): Operation {
    const known = this.#done.get(id.toLowerCase());
    if (!known) throw refusalError({ code: 'OPERATION_NOT_FOUND', sentence: `no operation has the id ${id}` });
    return known;
  }

  /** Asked for again under its id it does nothing twice. */
  run(kind: OperationKind, { selector, comment, author, dryRun, operationId }: Asked, verb: Verb): Operation {
    const id = operationId === '' ? crypto.randomUUID() : operationId.toLowerCase();
    const known = this.#done.get(id);
    if (known) return known;
    const by = create(InterventionSchema, { author, comment, at: timestampFromMs(this.#now()) });
    const operation = create(OperationSchema, { id, kind, done: true, dryRun, author, comment, createdAt: timestampFromMs(this.#now()) });
    const unchanged = new Map<UnchangedCause, number>();
    const count = (cause: UnchangedCause) => unchanged.set(cause, (unchanged.get(cause) ?? 0) + 1);
    for (const _ of this.#unknownIds(selector?.ids ?? [])) count(UnchangedCause.NOT_FOUND);
    for (const { message, recipients } of this.#named(selector, verb)) {
      const over = this.#causeOfOver(message, verb);
      if (over !== undefined && recipients.length > 0) {
        count(over);
        continue;
      }
      const boundFor = this.#queue.boundFor(message.id);
      const judged = recipients.map((recipient) => ({ address: recipient.address, verdict: verb.judge(recipient, message, boundFor) }));
      const toChange = new Set(judged.flatMap(({ address, verdict }) => (verdict === 'change' ? [address] : [])));
      for (const { verdict } of judged) if (verdict !== 'change') count(verdict);
      operation.matchedCount += BigInt(recipients.length);
      operation.changedCount += BigInt(toChange.size);
      if (!dryRun && toChange.size > 0) this.#queue.intervene(message.id, toChange, (recipient, next) => verb.change(recipient, next, by));
    }
    operation.unchanged = [...unchanged].map(([cause, number]) => ({ $typeName: 'posthaste.v1.UnchangedCount', cause, count: BigInt(number) }));
    this.#done.set(id, operation);
    return operation;
  }

  /** One id alone that nobody knows is refused; of several each counts. */
  #unknownIds(ids: readonly string[]): string[] {
    const unknown = ids.filter((id) => !this.#queue.has(id));
    if (ids.length === 1 && unknown.length === 1) throw refusalError({ code: 'MESSAGE_NOT_FOUND', sentence: `no message has the id ${ids[0]}` });
    return unknown;
  }

  /** Why a verb does not concern a message at all: what is not under way counts once, and is not matched. */
  #causeOfOver({ id, recipients, state }: Message, { on }: Verb): UnchangedCause | undefined {
    const isOver = isFinal(state);
    if (on === 'live') return isOver ? UnchangedCause.FINAL : undefined;
    if (!isOver) return undefined;
    if (!recipients.some((recipient) => recipient.state === RecipientState.FAILED)) return UnchangedCause.NOT_APPLICABLE;
    return this.#queue.isPurged(id) ? UnchangedCause.BODY_GONE : undefined;
  }

  /** By their ids also those that cannot be changed: they are counted by cause. */
  #named(selector: MessageSelector | undefined, { on }: Verb): Named[] {
    if (!selector) return [];
    const ids = new Set(selector.ids);
    const isMeant = ({ state }: Recipient) =>
      ids.size > 0 || (on === 'dead' ? state === RecipientState.FAILED : state === RecipientState.QUEUED || state === RecipientState.HELD);
    const messages = on === 'dead' && ids.size === 0 ? this.#queue.dead() : this.#queue.all().map(({ message }) => message);
    return messages
      .filter(({ id }) => ids.size === 0 || ids.has(id))
      .map((message) => {
        const upstream = this.#queue.boundFor(message.id);
        return { message, recipients: message.recipients.filter((each) => isMeant(each) && isNamed(message, each, selector, upstream, this.#now())) };
      });
  }
}
