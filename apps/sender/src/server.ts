import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Address } from '@posthaste/config';
import { phaseOf } from '@posthaste/core/check-plan';
import { CheckedSchema, type Credit, CreditSchema } from '@posthaste/protocol/dispatch';
import type { StreamConnection } from '@posthaste/stream';
import type { Clock, Log, Tracing } from '@posthaste/telemetry';
import { countAttempt } from './attempt-metrics.ts';
import { beginAttemptSpan, endAttemptSpan } from './attempt-span.ts';
import { BodySource } from './body-source.ts';
import { Engagement } from './engagement.ts';
import { cancelled, unknownUpstream, type Verdict } from './outcome.ts';
import { ownerAddress } from './owner-address.ts';
import { RoomShares } from './room-shares.ts';
import { openSession } from './smtp-upstream.ts';
import type { Finding } from './upstream-check.ts';
import { UpstreamPool } from './upstream-pool.ts';
import type { UpstreamTarget } from './upstream-target.ts';
import type { Assignment } from './workload.ts';

export interface SenderOptions {
  readonly stream: StreamConnection;
  readonly targets: readonly UpstreamTarget[];
  readonly partitions: number;
  /** Where every scheduler is; absent: each where its leases say. */
  readonly scheduler?: Address | undefined;
  readonly id: string;
  readonly hostname?: string | undefined;
  readonly prefetchBytes: number;
  readonly drainTimeoutMs: number;
  /** How upstreams are looked after that no mail goes by; everyMs 0: not at all. */
  readonly checks: { readonly everyMs: number; readonly timeoutMs: number };
  readonly clock: Clock;
  readonly log: Log;
  readonly tracing: Tracing;
}

const tickMs = 1_000;
/** How long the scheduler may take to acknowledge the last outcomes of a drain; after that they are its lease's affair. */
const lastWordsMs = 5_000;

/** Everything of a sender but its process: builds, then runs until it is drained. */
export class Sender {
  readonly id: string;
  readonly #options: SenderOptions;
  /** By partition. */
  readonly #engagements: readonly Engagement[];
  readonly #pools: ReadonlyMap<string, UpstreamPool>;
  /** By upstream: how its room is divided among the partitions. */
  readonly #shares: ReadonlyMap<string, RoomShares>;
  readonly #stopped = new AbortController();

  constructor(options: SenderOptions) {
    this.id = `${options.id}-${randomUUID()}`;
    this.#options = options;
    this.#engagements = Array.from({ length: options.partitions }, (_, partition) => this.#engage(partition));
    this.#shares = new Map(options.targets.map(({ name }) => [name, new RoomShares(options.partitions)]));
    this.#pools = new Map(options.targets.map((target) => [target.name, this.#buildPool(target)]));
  }

  /** Somebody's mail can come. */
  get ready(): boolean {
    return this.#engagements.some(({ connected }) => connected);
  }

  /** Until `drain` has done its work. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    await Promise.all([...this.#engagements.map((engagement) => engagement.run(signal)), this.#tick(signal)]);
  }

  /** Takes nothing more, gives back what has not begun, lets the rest finish, and waits until the scheduler has taken every outcome. */
  async drain(): Promise<void> {
    const { drainTimeoutMs, log } = this.#options;
    const workloads = this.#engagements.map(({ workload }) => workload);
    for (const pool of this.#pools.values()) pool.drain();
    for (const { outbox } of this.#engagements) outbox.closeAnnouncements();
    for (const name of this.#pools.keys()) this.#sayCredit(name);
    await this.#within(drainTimeoutMs, Promise.all(workloads.map((workload) => workload.whenFinished())));
    const unfinished = sumOf(workloads, (workload) => workload.unfinished);
    if (unfinished > 0) log.warn('transactions were cut off: they took longer than sender.drainTimeout', { attempts: unfinished });
    for (const pool of this.#pools.values()) pool.close();
    for (const workload of workloads) workload.giveUpUnconfirmed(() => true);
    await this.#within(lastWordsMs, Promise.all(workloads.map((workload) => workload.whenAcknowledged())));
    const unacknowledged = sumOf(workloads, (workload) => workload.size);
    if (unacknowledged > 0) log.warn('the scheduler has not acknowledged the last outcomes', { attempts: unacknowledged });
    this.#stopped.abort();
  }

  #engage(partition: number): Engagement {
    const { stream, scheduler, clock, log, partitions } = this.#options;
    return new Engagement({
      partition,
      senderId: this.id,
      address: ownerAddress(stream, partition, scheduler),
      clock,
      log: partitions === 1 ? log : log.child({ partition }),
      credits: (engagement) => [...this.#pools.values()].map((pool) => this.#creditFor(pool, engagement)),
      take: (assignment, engagement) => this.#take(assignment, engagement),
      giveBack: (which) => {
        for (const pool of this.#pools.values()) pool.giveBack(cancelled, which);
      },
      allotted: (upstream) => this.#pools.get(upstream)?.allot(this.#allotted(upstream)),
    });
  }

  #take(assignment: Assignment, { partition }: Engagement): void {
    const { upstream } = assignment.attempt;
    const pool = this.#pools.get(upstream);
    if (!pool) return this.#refuse(assignment);
    if (this.#shares.get(upstream)?.took(partition, pool.window, this.#options.clock.monotonic())) this.#sayCredit(upstream);
    pool.take(assignment);
  }

  #buildPool(target: UpstreamTarget): UpstreamPool {
    const { stream, clock, log, hostname, prefetchBytes } = this.#options;
    return new UpstreamPool({
      target,
      log,
      bodies: new BodySource(stream, { maxBytes: prefetchBytes }),
      openSession: (signal) => openSession(target, { clock, hostname, signal }),
      check: {
        ...this.#options.checks,
        clock,
        phase: phaseOf(`${this.id} ${target.name}`),
        mayCheck: () => this.ready,
        told: (finding) => this.#sayChecked(target.name, finding),
      },
      roomChanged: () => this.#sayCredit(target.name),
      desk: {
        clock,
        announce: (assignment) => this.#announce(assignment),
        inTime: (assignment) => this.#engagement(assignment).inTime(assignment),
        mailWritten: (assignment) => this.#engagement(assignment).outbox.mailWritten(assignment.attempt.attemptId),
        mayFinish: (assignment) => this.#mayFinish(assignment),
      },
      conclude: (assignment, verdicts, tookMs) => this.#conclude(assignment, verdicts, tookMs),
    });
  }

  #engagement({ partition }: Assignment): Engagement {
    const engagement = this.#engagements[partition];
    if (!engagement) throw new Error(`unreachable: an attempt of partition ${partition}`);
    return engagement;
  }

  async #mayFinish(assignment: Assignment): Promise<boolean> {
    const engagement = this.#engagement(assignment);
    return (await engagement.workload.whenConfirmed(assignment)) && engagement.inTime(assignment);
  }

  #refuse(assignment: Assignment): void {
    const { upstream, recipients } = assignment.attempt;
    this.#options.log.error('mail came for an upstream that this sender was not given; give scheduler and senders the same upstreams', { upstream });
    this.#conclude(
      assignment,
      recipients.map(() => unknownUpstream),
    );
  }

  #announce(assignment: Assignment): Promise<boolean> {
    const { tracing, clock } = this.#options;
    const { workload, outbox } = this.#engagement(assignment);
    workload.begin(assignment);
    if (tracing.enabled) assignment.span = beginAttemptSpan(tracing, assignment.attempt, clock.now());
    return outbox.announce(assignment.attempt.attemptId);
  }

  #conclude(assignment: Assignment, verdicts: readonly Verdict[], tookMs?: number): void {
    const { workload, outbox } = this.#engagement(assignment);
    const outcome = workload.finish(assignment, verdicts, tookMs);
    this.#shares.get(assignment.attempt.upstream)?.gave(assignment.partition);
    outbox.report([outcome]);
    countAttempt(assignment.attempt.upstream, outcome, tookMs);
    if (assignment.span) endAttemptSpan(assignment.span, verdicts);
  }

  #creditFor(pool: UpstreamPool, engagement: Engagement): Credit {
    const { partition } = engagement;
    const now = this.#options.clock.monotonic();
    return create(CreditSchema, {
      upstream: pool.name,
      window: this.#shares.get(pool.name)?.share(partition, pool.window, now) ?? 0,
      connections: this.#inForce(pool, engagement),
      allotment: engagement.allotment(pool.name).number,
    });
  }

  /** What is open beyond all allotments could be any partition's: each is told of it. */
  #inForce(pool: UpstreamPool, engagement: Engagement): number {
    if (this.#engagements.length === 1 || !pool.isAllotted) return pool.inForce;
    return engagement.allotment(pool.name).connections + Math.max(0, pool.inForce - this.#allotted(pool.name));
  }

  /** The connections to an upstream that all schedulers together allot. */
  #allotted(upstream: string): number {
    return sumOf(this.#engagements, (engagement) => engagement.allotment(upstream).connections);
  }

  #sayChecked(upstream: string, { trouble, tookMs }: Finding): void {
    const reply = trouble && { code: trouble.code, enhancedCode: trouble.enhanced ?? '', text: trouble.text };
    const took = durationFromMs(Math.round(tookMs));
    const checked = create(CheckedSchema, { upstream, usable: !trouble, took, ...(reply ? { reply } : {}) });
    for (const engagement of this.#engagements) engagement.say({ case: 'checked', value: checked });
  }

  #sayCredit(upstream: string): void {
    const pool = this.#pools.get(upstream);
    if (!pool) return;
    for (const engagement of this.#engagements) engagement.say({ case: 'credit', value: this.#creditFor(pool, engagement) });
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let before = clock.monotonic(); !signal.aborted;) {
      await clock.sleep(tickMs, signal).catch(() => {});
      if (signal.aborted) return;
      const now = clock.monotonic();
      for (const pool of this.#pools.values()) pool.tick();
      for (const engagement of this.#engagements) this.#look(engagement);
      for (const [upstream, shares] of this.#shares) if (shares.changedSince(before, now)) this.#sayCredit(upstream);
      before = now;
    }
  }

  #look(engagement: Engagement): void {
    if (!engagement.leased) {
      engagement.loseAllotments();
      for (const pool of this.#pools.values()) pool.loseAllotment(engagement.partition, this.#allotted(pool.name));
    }
    engagement.tick();
  }

  async #within(ms: number, done: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    await Promise.race([done, this.#options.clock.sleep(ms, over.signal).catch(() => {})]);
    over.abort();
  }
}

function sumOf<T>(all: readonly T[], count: (one: T) => number): number {
  return all.reduce((sum, one) => sum + count(one), 0);
}
