import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Address } from '@posthaste/config';
import { type Allotment, type Attempt, type Credit, CreditSchema, type Hello, HelloSchema, type Welcome } from '@posthaste/protocol/dispatch';
import type { StreamConnection } from '@posthaste/stream';
import type { Clock, Log, Tracing } from '@posthaste/telemetry';
import { countAttempt } from './attempt-metrics.ts';
import { beginAttemptSpan, endAttemptSpan } from './attempt-span.ts';
import { BodySource } from './body-source.ts';
import { DispatchLink, type LinkListener, silenceMs } from './dispatch-link.ts';
import { Lease } from './lease.ts';
import { cancelled, unknownUpstream, type Verdict } from './outcome.ts';
import { Outbox } from './outbox.ts';
import { openSession } from './smtp-upstream.ts';
import { UpstreamPool } from './upstream-pool.ts';
import type { UpstreamTarget } from './upstream-target.ts';
import { type Assignment, Workload } from './workload.ts';

export interface SenderOptions {
  readonly stream: StreamConnection;
  readonly targets: readonly UpstreamTarget[];
  readonly scheduler: Address;
  readonly id: string;
  readonly hostname?: string | undefined;
  readonly prefetchBytes: number;
  readonly drainTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly tracing: Tracing;
}

/** An outcome that was not acknowledged is said again after this time. */
const repeatAfterMs = 1_000;
const tickMs = 1_000;
/** The lease as the sender counts it is shorter by the silence limit, and heartbeats come every second. */
const shortestLeaseMs = silenceMs + 2_000;
/** How long the scheduler may take to acknowledge the last outcomes of a drain; after that they are its lease's affair. */
const lastWordsMs = 5_000;

/** Everything of a sender but its process: builds, then runs until it is drained. */
export class Sender implements LinkListener {
  readonly id: string;
  readonly #options: SenderOptions;
  readonly #workload: Workload;
  readonly #lease = new Lease({ silenceMs });
  readonly #outbox: Outbox;
  readonly #link: DispatchLink;
  readonly #pools: ReadonlyMap<string, UpstreamPool>;
  /** Numbers of the last allotments on the present stream, by upstream. */
  readonly #allotments = new Map<string, bigint>();
  readonly #stopped = new AbortController();

  constructor(options: SenderOptions) {
    const { clock, log, scheduler } = options;
    this.id = `${options.id}-${randomUUID()}`;
    this.#options = options;
    this.#workload = new Workload(clock);
    this.#link = new DispatchLink({ scheduler, clock, log, lease: this.#lease, listener: this });
    this.#outbox = new Outbox((said) => this.#link.say(said));
    this.#pools = new Map(options.targets.map((target) => [target.name, this.#buildPool(target)]));
  }

  get ready(): boolean {
    return this.#link.connected;
  }

  /** Until `drain` has done its work. */
  async run(): Promise<void> {
    await Promise.all([this.#link.run(this.#stopped.signal), this.#tick(this.#stopped.signal)]);
  }

  /** Takes nothing more, gives back what has not begun, lets the rest finish, and waits until the scheduler has taken every outcome. */
  async drain(): Promise<void> {
    const { drainTimeoutMs, log } = this.#options;
    for (const pool of this.#pools.values()) pool.drain();
    this.#outbox.closeAnnouncements();
    for (const credit of this.#credits()) this.#link.say({ case: 'credit', value: credit });
    await this.#within(drainTimeoutMs, this.#workload.whenFinished());
    if (this.#workload.unfinished > 0)
      log.warn('transactions were cut off: they took longer than sender.drainTimeout', { attempts: this.#workload.unfinished });
    for (const pool of this.#pools.values()) pool.close();
    this.#workload.giveUpUnconfirmed(() => true);
    await this.#within(lastWordsMs, this.#workload.whenAcknowledged());
    if (this.#workload.size > 0) log.warn('the scheduler has not acknowledged the last outcomes', { attempts: this.#workload.size });
    this.#stopped.abort();
  }

  hello(): Hello {
    this.#allotments.clear();
    return create(HelloSchema, {
      senderId: this.id,
      held: this.#workload.held(),
      outcomes: this.#workload.takeUnacknowledged(0),
      credits: this.#credits(),
    });
  }

  welcomed({ epoch, lease }: Welcome): void {
    const leaseMs = lease ? durationMs(lease) : 0;
    this.#options.log.info('the scheduler has taken this sender', { epoch: String(epoch), sender: this.id, leaseMs });
    if (leaseMs < shortestLeaseMs)
      this.#options.log.error(`the lease is too short to deliver anything in; set scheduler.senderLease to ${shortestLeaseMs} ms or more`, {
        leaseMs,
      });
    this.#outbox.resume();
  }

  assigned(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) {
      const assignment = this.#workload.admit(attempt, this.#lease.term);
      if (!assignment) continue;
      const pool = this.#pools.get(attempt.upstream);
      if (pool) pool.take(assignment);
      else this.#refuse(assignment);
    }
  }

  acknowledged(attemptIds: readonly string[]): void {
    this.#workload.acknowledge(attemptIds);
  }

  confirmed(attemptIds: readonly string[]): void {
    this.#workload.confirm(attemptIds, true);
  }

  cancelled(attemptIds: readonly string[]): void {
    const named = new Set(attemptIds);
    for (const pool of this.#pools.values()) pool.giveBack(cancelled, ({ attempt }) => named.has(attempt.attemptId));
    this.#workload.confirm(attemptIds, false);
  }

  allotted({ upstream, connections, number }: Allotment): void {
    this.#allotments.set(upstream, number);
    this.#pools.get(upstream)?.allot(connections);
  }

  #buildPool(target: UpstreamTarget): UpstreamPool {
    const { stream, clock, log, hostname, prefetchBytes } = this.#options;
    return new UpstreamPool({
      target,
      log,
      bodies: new BodySource(stream, { maxBytes: prefetchBytes }),
      openSession: () => openSession(target, { clock, hostname }),
      roomChanged: () => this.#sayCredit(target.name),
      desk: {
        clock,
        announce: (assignment) => this.#announce(assignment),
        inTime: (assignment) => this.#inTime(assignment),
        mayFinish: async (assignment) => (await this.#workload.whenConfirmed(assignment)) && this.#inTime(assignment),
      },
      conclude: (assignment, verdicts, tookMs) => this.#conclude(assignment, verdicts, tookMs),
    });
  }

  #inTime({ term, deadlineAt }: Assignment): boolean {
    const now = this.#options.clock.monotonic();
    return this.#lease.holds(term, now) && now < deadlineAt;
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
    this.#workload.begin(assignment);
    if (tracing.enabled) assignment.span = beginAttemptSpan(tracing, assignment.attempt, clock.now());
    return this.#outbox.announce(assignment.attempt.attemptId);
  }

  #conclude(assignment: Assignment, verdicts: readonly Verdict[], tookMs?: number): void {
    const outcome = this.#workload.finish(assignment, verdicts, tookMs);
    this.#outbox.report([outcome]);
    countAttempt(assignment.attempt.upstream, outcome, tookMs);
    if (assignment.span) endAttemptSpan(assignment.span, verdicts);
  }

  #credits(): Credit[] {
    return [...this.#pools.values()].map((pool) => this.#creditFor(pool));
  }

  #creditFor(pool: UpstreamPool): Credit {
    const allotment = this.#allotments.get(pool.name) ?? 0n;
    return create(CreditSchema, { upstream: pool.name, window: pool.window, connections: pool.inForce, allotment });
  }

  #sayCredit(upstream: string): void {
    const pool = this.#pools.get(upstream);
    if (pool) this.#link.say({ case: 'credit', value: this.#creditFor(pool) });
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(tickMs, signal).catch(() => {});
      if (signal.aborted) return;
      for (const pool of this.#pools.values()) pool.tick();
      if (!this.#lease.holds(this.#lease.term, this.#options.clock.monotonic())) for (const pool of this.#pools.values()) pool.loseAllotment();
      this.#workload.giveUpUnconfirmed((assignment) => !this.#inTime(assignment));
      if (this.#link.connected) this.#outbox.report(this.#workload.takeUnacknowledged(repeatAfterMs));
    }
  }

  async #within(ms: number, done: Promise<void>): Promise<void> {
    const over = new AbortController();
    await Promise.race([done, this.#options.clock.sleep(ms, over.signal).catch(() => {})]);
    over.abort();
  }
}
