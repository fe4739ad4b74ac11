import { randomUUID } from 'node:crypto';
import type { Clock, Log } from '@posthaste/telemetry';
import { readAnswer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { readLast } from './direct.ts';
import type { StreamEntry } from './entry.ts';
import { isStreamError } from './errors.ts';
import { leasesStream, leaseSubject, partitionsHeader } from './layout.ts';
import { removeEntry } from './removal.ts';

export interface LeaseOptions {
  readonly partition: number;
  /** How many there are, as far as the owner knows. */
  readonly partitions: number;
  readonly owner: string;
  /** Where the owner can be reached, asked at each writing: others read it from the lease. */
  readonly address: () => string;
  /** How long the server keeps it without a renewal; whole seconds, 5,000 by default. */
  readonly ttlMs?: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Lease {
  /** Asks for it once: true when it is ours now. After a loss it may be asked for again. */
  tryAcquire(): Promise<boolean>;
  /** By our own monotonic clock: false before the server would give it to another. */
  readonly held: boolean;
  /** Resolves when what was last acquired is no longer held. */
  readonly lost: Promise<void>;
  /** Gives it up, so that another need not wait for its end. */
  release(): Promise<void>;
}

export interface LeaseOwner {
  readonly owner: string;
  readonly address: string;
}

/** What a lease's entry says; `hold` is new with each acquisition and tells our own entry from all others. */
interface LeaseNote extends LeaseOwner {
  readonly hold: string;
}

export function createLease(connection: StreamConnection, options: LeaseOptions): Lease {
  return new StreamLease(connection, options);
}

/** Who owns a partition now; null when nobody does. Rejects with AWAY. */
export async function currentOwner(connection: StreamConnection, partition: number): Promise<LeaseOwner | null> {
  return (await currentLease(connection, partition))?.owner ?? null;
}

/** The same, and how many partitions the owner knows of; an older version says nothing of that. */
export async function currentLease(
  connection: StreamConnection,
  partition: number,
): Promise<{ readonly owner: LeaseOwner; readonly partitions: number | undefined } | null> {
  const entry = await findEntry(connection, partition);
  if (!entry) return null;
  const { owner, address } = readNote(entry);
  return { owner: { owner, address }, partitions: partitionsOf(entry) };
}

export function partitionsOf(entry: StreamEntry): number | undefined {
  const said = entry.header(partitionsHeader);
  return said === undefined || said === '' ? undefined : Number(said);
}

/** Held for this part of the TTL after a renewal was sent: the rest is for clocks that run at different speeds. */
const heldShare = 0.8;
const renewShare = 0.2;
/** Sooner than that after a renewal that failed. */
const retryShare = 0.05;

type Hold =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'held';
      readonly id: string;
      sequence: number;
      until: number;
      readonly over: AbortController;
      readonly lost: PromiseWithResolvers<void>;
    };

type Held = Extract<Hold, { kind: 'held' }>;

class StreamLease implements Lease {
  private readonly connection: StreamConnection;
  private readonly options: LeaseOptions;
  private readonly ttlMs: number;
  private hold: Hold = { kind: 'none' };
  private lastLost: Promise<void> = Promise.resolve();
  /** The same until it is ours: an earlier try may have been stored without our hearing of it. */
  private candidate = randomUUID();

  constructor(connection: StreamConnection, options: LeaseOptions) {
    this.connection = connection;
    this.options = options;
    this.ttlMs = options.ttlMs ?? 5_000;
  }

  get held(): boolean {
    return this.hold.kind === 'held' && this.options.clock.monotonic() < this.hold.until;
  }

  get lost(): Promise<void> {
    return this.lastLost;
  }

  async tryAcquire(): Promise<boolean> {
    if (this.hold.kind === 'held') this.end(this.hold, 'it is acquired anew');
    const id = this.candidate;
    const sentAt = this.options.clock.monotonic();
    try {
      this.begin(id, await this.put(id, 0), sentAt);
      return true;
    } catch (error) {
      if (isStreamError(error, 'FENCED')) return this.adopt(id);
      this.options.log.debug('the lease could not be asked for', { error });
      return false;
    }
  }

  async release(): Promise<void> {
    if (this.hold.kind !== 'held') return;
    const { sequence } = this.hold;
    this.end(this.hold, 'it was released');
    await removeEntry(this.connection, leasesStream, sequence).catch((error: unknown) =>
      this.options.log.debug('the lease could not be removed; it ends by itself', { error }),
    );
  }

  /** An earlier try was stored although its acknowledgement was lost: a renewal makes it ours from a time we know. */
  private async adopt(id: string): Promise<boolean> {
    const sentAt = this.options.clock.monotonic();
    try {
      const entry = await findEntry(this.connection, this.options.partition);
      if (!entry || readNote(entry).hold !== id) return false;
      this.begin(id, await this.put(id, entry.sequence), sentAt);
      return true;
    } catch (error) {
      this.options.log.debug('the lease could not be looked at', { error });
      return false;
    }
  }

  private begin(id: string, sequence: number, sentAt: number): void {
    const held: Held = {
      kind: 'held',
      id,
      sequence,
      until: this.untilFrom(sentAt),
      over: new AbortController(),
      lost: Promise.withResolvers<void>(),
    };
    this.hold = held;
    this.candidate = randomUUID();
    this.lastLost = held.lost.promise;
    void this.renewWhileHeld(held);
    void this.endInTime(held);
  }

  private end(held: Held, why: string): void {
    if (this.hold !== held) return;
    this.hold = { kind: 'none' };
    this.options.log.info('the lease is no longer held', { partition: this.options.partition, why });
    held.over.abort();
    held.lost.resolve();
  }

  private async renewWhileHeld(held: Held): Promise<void> {
    const { clock } = this.options;
    for (let share = renewShare; this.hold === held; share = (await this.renew(held)) ? renewShare : retryShare) {
      await clock.sleep(this.ttlMs * share, held.over.signal).catch(() => {});
    }
  }

  /** True when it was renewed. */
  private async renew(held: Held): Promise<boolean> {
    if (this.hold !== held) return false;
    const sentAt = this.options.clock.monotonic();
    try {
      held.sequence = await this.put(held.id, held.sequence);
      held.until = this.untilFrom(sentAt);
      return true;
    } catch (error) {
      if (isStreamError(error, 'FENCED')) await this.lookAgain(held);
      else this.options.log.debug('the lease could not be renewed; trying on while it lasts', { error });
      return false;
    }
  }

  /** Refused for its expected sequence: a renewal whose acknowledgement was lost is ours, anything else is the end. */
  private async lookAgain(held: Held): Promise<void> {
    try {
      const entry = await findEntry(this.connection, this.options.partition);
      if (entry && readNote(entry).hold === held.id) held.sequence = entry.sequence;
      else this.end(held, 'another has it, or it ended on the server');
    } catch (error) {
      this.options.log.warn('the lease could not be looked at', { error });
    }
  }

  private async endInTime(held: Held): Promise<void> {
    const { clock } = this.options;
    while (this.hold === held) {
      const leftMs = held.until - clock.monotonic();
      if (leftMs <= 0) this.end(held, 'it was not renewed in time');
      else await clock.sleep(leftMs, held.over.signal).catch(() => {});
    }
  }

  private untilFrom(sentAt: number): number {
    return sentAt + this.ttlMs * heldShare;
  }

  /** A key-value update would drop the TTL, so the entry is published with it. `expected` is the key's last sequence, 0 for none. */
  private async put(hold: string, expected: number): Promise<number> {
    const { partition, partitions, owner, address } = this.options;
    const headers = {
      [partitionsHeader]: String(partitions),
      'Nats-TTL': `${Math.ceil(this.ttlMs / 1_000)}s`,
      'Nats-Expected-Last-Subject-Sequence': String(expected),
    };
    const note: LeaseNote = { owner, address: address(), hold };
    const body = new TextEncoder().encode(JSON.stringify(note));
    // A renewal that is answered later than this would come too late.
    const answer = await this.connection.ask(leaseSubject(partition), body, { headers, timeoutMs: this.ttlMs * renewShare });
    const { seq } = readAnswer(answer, 'writing the lease') as { seq: number };
    return seq;
  }
}

async function findEntry(connection: StreamConnection, partition: number): Promise<StreamEntry | undefined> {
  try {
    const entry = await readLast(connection, leasesStream, leaseSubject(partition));
    return entry.body.length === 0 ? undefined : entry;
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

function readNote(entry: StreamEntry): LeaseNote {
  return JSON.parse(new TextDecoder().decode(entry.body)) as LeaseNote;
}
