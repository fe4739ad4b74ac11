import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { type Allotment, type Attempt, type Credit, type DispatchRequest, type Hello, HelloSchema, type Welcome } from '@posthaste/protocol/dispatch';
import type { Clock, Log } from '@posthaste/telemetry';
import { DispatchLink, type LinkListener, type LinkOptions, silenceMs } from './dispatch-link.ts';
import { Lease } from './lease.ts';
import { Outbox } from './outbox.ts';
import { type Assignment, Workload } from './workload.ts';

export interface EngagementOptions {
  readonly partition: number;
  readonly senderId: string;
  readonly address: LinkOptions['address'];
  readonly clock: Clock;
  readonly log: Log;
  /** Room for each upstream, for this partition's mail. */
  credits(engagement: Engagement): Credit[];
  take(assignment: Assignment, engagement: Engagement): void;
  /** Gives back those of its attempts that have not begun. */
  giveBack(which: (assignment: Assignment) => boolean): void;
  /** How many connections to the upstream may be open has changed. */
  allotted(upstream: string): void;
}

/** An outcome that was not acknowledged is said again after this time. */
const repeatAfterMs = 1_000;
/** The lease as the sender counts it is shorter by the silence limit, and heartbeats come every second. */
const shortestLeaseMs = silenceMs + 2_000;

/** What the sender has with the owner of one partition: the stream, the lease, what it is allotted, and the attempts, which no other scheduler knows. */
export class Engagement implements LinkListener {
  readonly partition: number;
  readonly workload: Workload;
  readonly outbox: Outbox;
  readonly #options: EngagementOptions;
  readonly #lease = new Lease({ silenceMs });
  readonly #link: DispatchLink;
  /** The last allotments by upstream. They outlast a stream; their numbers do not. */
  readonly #allotments = new Map<string, { readonly connections: number; readonly number: bigint }>();

  constructor(options: EngagementOptions) {
    const { partition, address, clock, log } = options;
    this.partition = partition;
    this.#options = options;
    this.workload = new Workload(clock, partition);
    this.#link = new DispatchLink({ address, clock, log, lease: this.#lease, listener: this });
    this.outbox = new Outbox((said) => this.#link.say(said), clock);
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  /** Whether what was allotted is still the sender's. */
  get leased(): boolean {
    return this.#lease.holds(this.#lease.term, this.#options.clock.monotonic());
  }

  /** Until the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#link.run(signal);
  }

  /** False when no stream is open. */
  say(said: DispatchRequest['said']): boolean {
    return this.#link.say(said);
  }

  /** The last allotment of connections to an upstream; number 0 when none was heard on this stream. */
  allotment(upstream: string): { readonly connections: number; readonly number: bigint } {
    return this.#allotments.get(upstream) ?? { connections: 0, number: 0n };
  }

  /** Called every second. */
  tick(): void {
    this.workload.giveUpUnconfirmed((assignment) => !this.inTime(assignment));
    if (this.connected) this.outbox.report(this.workload.takeUnacknowledged(repeatAfterMs));
  }

  /** The lease is over, and what was allotted is another's. */
  loseAllotments(): void {
    this.#allotments.clear();
  }

  inTime({ term, deadlineAt }: Assignment): boolean {
    const now = this.#options.clock.monotonic();
    return this.#lease.holds(term, now) && now < deadlineAt;
  }

  hello(): Hello {
    for (const [upstream, { connections }] of this.#allotments) this.#allotments.set(upstream, { connections, number: 0n });
    return create(HelloSchema, {
      senderId: this.#options.senderId,
      partition: this.partition,
      held: this.workload.held(),
      outcomes: this.workload.takeUnacknowledged(0),
      credits: this.#options.credits(this),
    });
  }

  welcomed({ epoch, lease }: Welcome): void {
    const { log, senderId } = this.#options;
    const leaseMs = lease ? durationMs(lease) : 0;
    log.info('the scheduler has taken this sender', { epoch: String(epoch), sender: senderId, leaseMs });
    if (leaseMs < shortestLeaseMs)
      log.error(`the lease is too short to deliver anything in; set scheduler.senderLease to ${shortestLeaseMs} ms or more`, { leaseMs });
    this.outbox.resume();
  }

  assigned(attempts: readonly Attempt[], lateMs: number): void {
    for (const attempt of attempts) {
      const assignment = this.workload.admit(attempt, this.#lease.term, lateMs);
      if (assignment) this.#options.take(assignment, this);
    }
  }

  acknowledged(attemptIds: readonly string[]): void {
    this.workload.acknowledge(attemptIds);
  }

  confirmed(attemptIds: readonly string[]): void {
    this.workload.confirm(attemptIds, true);
  }

  cancelled(attemptIds: readonly string[]): void {
    const named = new Set(attemptIds);
    this.#options.giveBack((assignment) => assignment.partition === this.partition && named.has(assignment.attempt.attemptId));
    this.workload.confirm(attemptIds, false);
  }

  allotted({ upstream, connections, number }: Allotment): void {
    this.#allotments.set(upstream, { connections, number });
    this.#options.allotted(upstream);
  }
}
