import { Engine, type Effect, type EnginePolicy, type FleetPolicy, type JournalEntry, type Router } from '@posthaste/core';
import {
  createPublisher,
  isStreamError,
  journalStream,
  journalSubject,
  mailStream,
  openJournal,
  readLast,
  type Journal,
  type Lease,
  type StreamConnection,
} from '@posthaste/stream';
import type { Clock, Log, MailLog } from '@posthaste/telemetry';
import { Checkpointer } from './checkpointer.ts';
import { Copies } from './copies.ts';
import { Senders } from './dispatch-service.ts';
import { Driver } from './driver.ts';
import { Figures } from './figures.ts';
import { keepHouse } from './housekeeping.ts';
import { startIntake } from './intake.ts';
import { encodeEntry, JournalWriter } from './journal-writer.ts';
import type { Lookup } from './lookup-service.ts';
import { metrics, observer, observeWaits } from './metrics.ts';
import { DeadSearch } from './operation/dead-search.ts';
import { Suspensions } from './operation/suspensions.ts';
import { recover } from './recovery.ts';
import { Removals } from './removals.ts';
import { Shares } from './shares.ts';
import { sweepBodies } from './sweeper.ts';

export interface TenureOptions {
  readonly connection: StreamConnection;
  readonly lease: Lease;
  readonly partition: number;
  readonly partitions: number;
  readonly owner: string;
  readonly router: Router;
  readonly durability: 'durable' | 'fast';
  readonly policy: EnginePolicy;
  readonly fleet: FleetPolicy;
  readonly checkpointEveryMs: number;
  readonly checkpointEvents: number;
  readonly historyMs: number;
  readonly deadLetterAgeMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly mailLog: MailLog;
}

/** One ownership of the partition, from its epoch's first entry in the journal to its end. */
export interface Tenure {
  readonly senders: Senders;
  readonly lookup: Lookup;
  /** Resolves when the lease is lost or the journal refuses: nothing that this owner decides counts any more. */
  readonly over: Promise<void>;
  /** Ends it in order, with a last checkpoint when that is quickly made. */
  end(): Promise<void>;
}

/** How long the last checkpoint may take. Without one the successor reads some more of the journal. */
const lastCheckpointMs = 3_000;

/** Fences all earlier owners, rebuilds the index, and begins to decide. The lease must be held. */
export async function beginTenure(options: TenureOptions): Promise<Tenure> {
  const stop = new AbortController();
  try {
    return await begin(options, stop);
  } catch (error) {
    stop.abort();
    throw error;
  }
}

async function begin(options: TenureOptions, stop: AbortController): Promise<Tenure> {
  const { connection, partition, owner, lease, router, clock } = options;
  const { signal } = stop;
  const { journal, epoch, journalEnd } = await openEpoch(options);
  const log = options.log.child({ epoch });
  const shares = await Shares.claim({ ...options, epoch, log, signal });
  const engine = new Engine({ epoch, router, policy: options.policy, shares: shares?.inForce });
  const now = () => ({ wall: clock.now(), mono: clock.monotonic() });
  const recovered = await recover({ connection, partition, engine, journalEnd, now, log, signal });

  const failed = Promise.withResolvers<void>();
  const writer = new JournalWriter({
    clock,
    journal,
    epoch,
    owner,
    onRecorded: observer(options.mailLog),
    // Its own clock tells a holder that it is late: what was decided before a pause is not acted on after it.
    perform: (effect) => void (lease.held && !signal.aborted && perform(effect)),
    onFailed: (error) => {
      log.warn('the journal refuses: the ownership is over', { error });
      failed.resolve();
    },
  });
  const driver = new Driver(engine, writer, clock, signal);
  const figures = new Figures(engine, clock, options.fleet);
  const shared = { connection, partition, owner, epoch, driver, figures, clock, log, signal };
  const publisher = createPublisher(connection, { clock, log, mode: options.durability });
  const suspensions = new Suspensions({ connection, publisher, driver, clock, log, signal });
  const removals = new Removals({ connection, partition, clock, log, signal });
  const copies = new Copies({ connection, publisher, partition, epoch, clock, log, signal, onUnburied: () => metrics.unburied.inc() });
  const senders = new Senders({ ...shared, epoch, senderLeaseMs: options.policy.senderLeaseMs, batchSize: options.policy.batch.size });
  const { createdAt, checkpoints } = recovered;
  const checkpointer = new Checkpointer({ driver, journal, publisher, removals, partition, epoch, createdAt, clock, log }, checkpoints);
  const deadSearch = new DeadSearch({ ...shared, copies });
  const perform = performer({ driver, senders, removals, copies, deadSearch, partition });

  driver.step();
  const { checkpointEveryMs, checkpointEvents, historyMs } = options;
  void keepHouse({ ...shared, writer, checkpointer, removals, checkpointEveryMs, checkpointEvents, historyMs });
  void suspensions.watch();
  void shares?.keep(driver).then((mustEnd) => mustEnd && failed.resolve());
  void sweepBodies({ ...shared, removals });
  startIntake(shared).catch((error: unknown) => {
    if (signal.aborted) return;
    log.error('reading the streams has failed: the ownership is given up', { error });
    failed.resolve();
  });
  metrics.epoch.set({ partition }, epoch);
  const over = Promise.race([lease.lost, failed.promise]).finally(() => stop.abort());
  return {
    senders,
    lookup: { ...shared, suspensions, deadLetterAgeMs: options.deadLetterAgeMs },
    over,
    async end() {
      if (!signal.aborted) await lastCheckpoint(checkpointer, over, clock);
      stop.abort();
      failed.resolve();
      await publisher.close();
    },
  };
}

async function lastCheckpoint(checkpointer: Checkpointer, over: Promise<void>, clock: Clock): Promise<void> {
  const patience = new AbortController();
  await Promise.race([checkpointer.make(), over, clock.sleep(lastCheckpointMs, patience.signal)]).catch(() => {});
  patience.abort();
}

/** The first entry of an epoch fences all older ones: their appends fail from here on, so what lies below it is complete. */
async function openEpoch({
  connection,
  partition,
  owner,
  clock,
  log,
}: TenureOptions): Promise<{ journal: Journal; epoch: number; journalEnd: number }> {
  const journal = await openJournal(connection, { partition, owner, log, clock });
  const epoch = (await lastEpoch(connection, partition, journal.lastSequence)) + 1;
  const journalEnd = await journal.append('events', encodeEntry(epoch, owner, []));
  return { journal, epoch, journalEnd };
}

async function lastEpoch(connection: StreamConnection, partition: number, sequence: number): Promise<number> {
  if (sequence === 0) return 0;
  try {
    const entry = await readLast(connection, journalStream(partition), journalSubject(partition, 'events'));
    return (JSON.parse(Buffer.from(entry.body).toString()) as JournalEntry).epoch;
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return 0;
    throw error;
  }
}

interface Hands {
  readonly driver: Driver;
  readonly senders: Senders;
  readonly removals: Removals;
  readonly copies: Copies;
  readonly deadSearch: DeadSearch;
  readonly partition: number;
}

/** Carries out what the engine decided, after the journal's acknowledgement. */
function performer({ driver, senders, removals, copies, deadSearch, partition }: Hands): (effect: Effect) => void {
  return (effect) => {
    switch (effect.kind) {
      case 'send':
        observeWaits(effect.attempts);
        return senders.send(effect.sender, effect.attempts);
      case 'acknowledge':
        return senders.acknowledge(effect.sender, effect.attempts);
      case 'cancel':
        return senders.cancel(effect.sender, effect.attempts);
      case 'allot':
        return senders.allot(effect);
      case 'dismiss':
        return senders.dismiss(effect.sender);
      case 'trim':
        return removals.trim(mailStream(partition, effect.lane), effect.upTo);
      case 'removeWaiting':
        return removals.waiting(effect.sequence);
      case 'removeBody':
        return removals.body(effect.id);
      case 'removeDead':
        removals.dead(effect.id, effect.upTo);
        return effect.withBody ? removals.body(effect.id) : undefined;
      case 'searchDead':
        return void deadSearch.run(effect.command, effect.dryRun);
      case 'workOn':
        return driver.tell({ kind: 'workOn' });
      case 'copy': {
        const { id } = effect.mail.ticket;
        void copies
          .toWait(effect.mail)
          .then((sequence) => driver.tell(sequence === null ? { kind: 'not copied', id } : { kind: 'copied', id, sequence }));
        return;
      }
      case 'bury': {
        const { id } = effect.mail.ticket;
        void copies.toDead(effect.mail).then((sequence) => driver.tell({ kind: 'buried', id, ...(sequence !== null && { sequence }) }));
        return;
      }
    }
  };
}
