import { hash, randomBytes } from 'node:crypto';
import { createKey, keysStream, readKey, removeEntry, type KeyLife, type KeyName, type Publisher, type StreamConnection } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import { ourTrouble } from './accept.ts';
import { IdempotencyConflict } from './idempotency-conflict.ts';
import { countReplayed, type DoorName } from './metrics.ts';
import { type RecentMail, RecentMails } from './recent-mails.ts';
import { SubmissionError } from './submission-error.ts';
import type { Acceptance } from './submission.ts';

export interface IdempotencyOptions {
  readonly connection: StreamConnection;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** For metrics. */
  readonly name: DoorName;
  readonly newId: () => string;
  /** How long another process may be at work on a publication. */
  readonly inFlightMs: number;
  /** When a message was accepted; undefined when there is none of this id for sure. Rejects when that cannot be said now. */
  readonly acceptedAt: (id: string, signal: AbortSignal) => Promise<number | undefined>;
}

/** A submission that carries a key. */
export interface Claim {
  readonly tenant: string;
  readonly key: string;
  /** The same word as a lasting and as a brief key is two keys. */
  readonly life: KeyLife;
  /** A digest of the request in base64url: the same key with another one is refused. */
  readonly fingerprint: string;
  /** The call that it came by: what comes by the same call waits for the first one, because its client could not have heard of it. */
  readonly call: object;
  /** The client waits no longer. */
  readonly signal: AbortSignal;
  /**
   * How many publications storing it takes, one after another: each may take its time, and two processes that write one large body would spoil it for
   * each other. Default: 1.
   */
  readonly publications?: number;
}

/** The mail of the first submission under this key. */
export interface Replay {
  readonly id: string;
  readonly acceptedAt: number;
  readonly replayed: true;
}

/** What is stored under a key. */
interface Entry {
  readonly id: string;
  readonly fingerprint: string;
  readonly at: number;
  /** The process that wrote it. */
  readonly by: string;
}

interface InFlight extends Entry {
  readonly call: object;
  readonly done: Promise<unknown>;
}

/** As long as their streams keep them. */
const lifeMs: Readonly<Record<KeyLife, number>> = { lasting: 24 * 3_600_000, brief: 15 * 60_000 };

/**
 * At most one mail a key. The key is bound to an id before the mail is stored, and the mail is stored under that id, whoever tries and however often:
 * two that try at the same time store one mail, because the id is its message id in the stream.
 */
export class Idempotency {
  readonly #options: IdempotencyOptions;
  readonly #process = randomBytes(6).toString('base64url');
  readonly #inFlight = new Map<string, InFlight>();
  /** A brief key may have made room in its stream, and here its mail may still be known. */
  readonly #accepted = new RecentMails<RecentMail & Bound>(lifeMs.lasting);

  constructor(options: IdempotencyOptions) {
    this.#options = options;
  }

  /**
   * Submits, unless that was done before under this key. Rejects with an IdempotencyConflict, and with what `acceptedAt` and `submit` reject with.
   *
   * @param submit stores the mail under this id. AWAY means that it may be stored; any other rejection that it is not, and the key is free again.
   */
  async run(claim: Claim, submit: (id: string) => Promise<Acceptance>): Promise<Acceptance | Replay> {
    const digest = digestOf(claim);
    const fingerprint = claim.fingerprint.slice(0, digestLength);
    for (let other = this.#inFlight.get(digest); other; other = this.#inFlight.get(digest)) {
      refuseOther(other, { fingerprint });
      if (other.call !== claim.call) throw new IdempotencyConflict('IN_FLIGHT', other.id);
      await other.done.catch(() => {});
    }
    const { newId, clock } = this.#options;
    const entry = { id: newId(), fingerprint, at: clock.now(), by: this.#process };
    const done = this.#claim({ life: claim.life, digest }, entry, claim, submit);
    this.#inFlight.set(digest, { ...entry, call: claim.call, done });
    return done.finally(() => this.#inFlight.delete(digest));
  }

  async #claim(
    key: KeyName,
    own: Entry,
    { signal, publications = 1 }: Claim,
    submit: (id: string) => Promise<Acceptance>,
  ): Promise<Acceptance | Replay> {
    const { acceptedAt, clock, inFlightMs } = this.#options;
    const known = this.#accepted.find(key.digest, clock.monotonic(), lifeMs[key.life]);
    if (known) {
      refuseOther(known, own);
      return this.#replay(known);
    }
    const first = await this.#bind(key, own);
    if (first.id === own.id) return this.#submit(key, own, submit);
    refuseOther(first, own);
    const at = await acceptedAt(first.id, signal);
    if (at !== undefined) return this.#replay({ ...first, acceptedAt: at });
    // An entry of this process is not in flight any more, or it would have been met there.
    // One of the future was written before a wall clock was set back, here or there, and nobody is at work on it for that long.
    if (first.by !== this.#process && Math.abs(clock.now() - first.at) < inFlightMs * publications)
      throw new IdempotencyConflict('IN_FLIGHT', first.id);
    return this.#submit(key, first, submit);
  }

  #replay({ id, acceptedAt }: RecentMail): Replay {
    countReplayed(this.#options.name);
    return { id, acceptedAt, replayed: true };
  }

  /** Whose the key is: ours, or that of the first one. A repeated try of ours finds our own entry. */
  async #bind(key: KeyName, own: Entry): Promise<Entry> {
    const { connection, publisher } = this.#options;
    try {
      if (await createKey(publisher, { ...key, content: encodeEntry(own) })) return own;
      const stored = await readKey(connection, key);
      if (stored) return decodeEntry(stored.body);
    } catch (error) {
      throw ourTrouble(error);
    }
    // It was set free between the two questions.
    throw new IdempotencyConflict('IN_FLIGHT', own.id);
  }

  async #submit(key: KeyName, { id, fingerprint }: Entry, submit: (id: string) => Promise<Acceptance>): Promise<Acceptance> {
    try {
      const acceptance = await submit(id);
      this.#accepted.add(key.digest, { id, fingerprint, acceptedAt: acceptance.acceptedAt }, this.#options.clock.monotonic());
      return acceptance;
    } catch (error) {
      if (!(error instanceof SubmissionError && error.code === 'AWAY')) await this.#setFree(key, id);
      throw error;
    }
  }

  /** When that fails, the key stays bound to a mail that does not exist: the same request may still take it, another one not. */
  async #setFree(key: KeyName, id: string): Promise<void> {
    const { connection } = this.#options;
    try {
      const stored = await readKey(connection, key);
      if (stored && decodeEntry(stored.body).id === id) await removeEntry(connection, keysStream(key.life), stored.sequence);
    } catch (error) {
      connection.log.warn('an idempotency key could not be set free', { id, error });
    }
  }
}

type Bound = Pick<Entry, 'id' | 'fingerprint'>;

/** Throws REUSED when the key belongs to another request. */
function refuseOther({ id, fingerprint }: Bound, own: Pick<Bound, 'fingerprint'>): void {
  if (fingerprint !== own.fingerprint) throw new IdempotencyConflict('REUSED', id);
}

/** 132 bits: no two ever meet by chance, and each key takes room in storage and in the server's memory. */
const digestLength = 22;

/** Two tenants may use the same word. */
function digestOf({ tenant, key, life }: Claim): string {
  return hash('sha256', JSON.stringify([life, tenant, key]), 'base64url').slice(0, digestLength);
}

/** Without names, which would be as long as what they name. */
function encodeEntry({ id, fingerprint, at, by }: Entry): Uint8Array {
  return Buffer.from(JSON.stringify([id, fingerprint, at, by]));
}

function decodeEntry(stored: Uint8Array): Entry {
  const [id, fingerprint, at, by] = JSON.parse(Buffer.from(stored).toString()) as [string, string, number, string];
  return { id, fingerprint, at, by };
}
