import { create } from '@bufbuild/protobuf';
import { durationMs, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { SuspensionSchema, type CreateSuspensionRequest, type Message, type Recipient, type Suspension } from '@posthaste/protocol';
import { isNamed } from './fake-selection.ts';
import { refusalError } from './refusal.ts';

/** What is suspended, oldest first. */
export class FakeSuspensions {
  #all: readonly Suspension[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Those that have not expired. */
  inForce(): Suspension[] {
    return this.#all.filter(({ expiresAt }) => !expiresAt || timestampMs(expiresAt) > this.#now());
  }

  /** Made again under its id it is the same one. */
  create({ match, comment, author, ttl, suspensionId }: CreateSuspensionRequest): Suspension {
    const id = suspensionId === '' ? crypto.randomUUID() : suspensionId.toLowerCase();
    const known = this.inForce().find((each) => each.id === id);
    if (known) return known;
    const ends = ttl ? { expiresAt: timestampFromMs(this.#now() + durationMs(ttl)) } : {};
    const made = create(SuspensionSchema, { id, comment, author, createdAt: timestampFromMs(this.#now()), ...(match ? { match } : {}), ...ends });
    this.#all = [...this.#all, made];
    return made;
  }

  lift(id: string): void {
    if (!this.inForce().some((each) => each.id === id))
      throw refusalError({ code: 'SUSPENSION_NOT_FOUND', sentence: `no suspension in force has the id ${id}` });
    this.#all = this.#all.filter((each) => each.id !== id);
  }

  stops(message: Message, recipient: Recipient, boundFor: string): boolean {
    return this.inForce().some(({ match }) => match && isNamed(message, recipient, match, boundFor, this.#now()));
  }
}
