import { Outcome } from '@posthaste/protocol/dispatch';
import { gauge, type Log } from '@posthaste/telemetry';
import type { BodySource, FetchedBody } from './body-source.ts';
import { type Delivery, deliver, type Desk } from './delivery.ts';
import { draining, tooLate, type Verdict } from './outcome.ts';
import type { SmtpSession } from './smtp-session.ts';
import { UpstreamUnusable } from './smtp-upstream.ts';
import { ConnectionEnded, ConnectionLost } from './smtp-wire.ts';
import type { UpstreamTarget } from './upstream-target.ts';
import type { Assignment } from './workload.ts';

const connections = gauge(
  'posthaste_upstream_connections',
  'Open SMTP connections by upstream. At the configured number for long: the upstream is slower than the mail that comes.',
  ['upstream'],
);

/** A session without mail for so long is ended by us, before the upstream or a firewall does it silently. */
const idleMs = 60_000;
/** How long no further connection is opened after one was refused beside others that work: the upstream wants no more. */
const growthPauseMs = 5_000;

export interface PoolOptions {
  readonly target: UpstreamTarget;
  readonly bodies: BodySource;
  readonly desk: Desk;
  readonly log: Log;
  /** Rejects with UpstreamUnusable. */
  openSession(): Promise<SmtpSession>;
  /** Window or connections in force have changed. */
  roomChanged(): void;
  /** Takes what came of an attempt. */
  conclude(assignment: Assignment, verdicts: readonly Verdict[], tookMs?: number): void;
}

interface Job {
  readonly assignment: Assignment;
  readonly body: FetchedBody;
}

/** The warm connections to one upstream, and the attempts that wait for one, in the scheduler's order. */
export class UpstreamPool {
  readonly #options: PoolOptions;
  #queue: Job[] = [];
  #idle: { readonly session: SmtpSession; readonly since: number }[] = [];
  readonly #busy = new Set<SmtpSession>();
  /** What busy sessions carry. */
  readonly #carried = new Map<SmtpSession, Assignment>();
  #opening = 0;
  #growsAgainAt = 0;
  /** What the scheduler allots of the upstream's maximum; nothing before it said so. */
  #allotted: number;
  #saidInForce = 0;
  #draining = false;
  #failing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#allotted = options.target.maxConnections === undefined ? Infinity : 0;
    this.#saidInForce = this.inForce;
  }

  get name(): string {
    return this.#options.target.name;
  }

  /** Whether the scheduler says how many connections there may be. */
  get isAllotted(): boolean {
    return this.#options.target.maxConnections !== undefined;
  }

  /** How many attempts this pool holds at most: those on its connections and as many again, so that none of them waits for the scheduler. */
  get window(): number {
    return this.#draining ? 0 : this.#most * 2;
  }

  /** The most connections that are open or will be, under what was allotted. */
  get inForce(): number {
    return Math.max(this.#draining ? 0 : this.#most, this.#size);
  }

  /** Closes what is too much: idle connections now, busy ones after their transaction. */
  allot(connections: number): void {
    if (this.#options.target.maxConnections === undefined) return;
    this.#allotted = connections;
    this.#closeSurplus();
    this.#sayRoom();
    this.#advance();
  }

  /**
   * A lease is over, and what was allotted by it is another's; `left` is what others allot. A connection that waits for its final reply is left to it: cut
   * off, its mail would be in doubt.
   */
  loseAllotment(partition: number, left: number): void {
    if (this.#allotted === Infinity || (this.#allotted === left && this.#size <= left)) return;
    this.allot(left);
    this.giveBack(tooLate, (assignment) => assignment.partition === partition);
    for (const session of this.#busy) {
      const isLost = left === 0 || this.#carried.get(session)?.partition === partition;
      if (isLost && session.wire.phase !== 'final') session.wire.end(new ConnectionEnded('the lease is over, and with it the allotted connections'));
    }
  }

  take(assignment: Assignment): void {
    if (this.#draining) return this.#options.conclude(assignment, spread(assignment, draining));
    this.#queue.push({ assignment, body: this.#options.bodies.fetch(assignment.attempt) });
    this.#advance();
  }

  /** Gives back what has not begun. */
  giveBack(verdict: Verdict, which: (assignment: Assignment) => boolean = () => true): void {
    const given = this.#queue.filter(({ assignment }) => which(assignment));
    this.#queue = this.#queue.filter((job) => !given.includes(job));
    for (const job of given) this.#conclude(job, spread(job.assignment, verdict));
  }

  /** Called every second. */
  tick(): void {
    const { desk } = this.#options;
    this.giveBack(tooLate, (assignment) => !desk.inTime(assignment));
    for (const session of this.#busy) session.wire.checkProgress();
    const now = desk.clock.monotonic();
    for (const { session, since } of this.#idle) if (now - since > idleMs) session.wire.quit();
    this.#idle = this.#idle.filter(({ session }) => !session.wire.lost);
    this.#advance();
  }

  /** Takes nothing more; what has begun goes on. */
  drain(): void {
    this.#draining = true;
    this.giveBack(draining);
  }

  /** Ends every session, by QUIT where no mail is under way. */
  close(): void {
    for (const { session } of this.#idle) session.wire.quit();
    this.#idle = [];
    for (const session of this.#busy) session.wire.end(new ConnectionLost('the sender is shutting down'));
    this.#count();
  }

  #advance(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const session = this.#idle.pop()?.session;
      const job = session?.wire.lost ? undefined : this.#queue.shift();
      if (session && job) void this.#run(session, job);
    }
    while (this.#queue.length > this.#opening && this.#mayGrow()) void this.#open();
    this.#count();
  }

  get #most(): number {
    return Math.min(this.#options.target.connections, this.#allotted);
  }

  get #size(): number {
    return this.#idle.length + this.#busy.size + this.#opening;
  }

  #mayGrow(): boolean {
    return this.#size < this.#most && (this.#size === this.#opening || this.#options.desk.clock.monotonic() >= this.#growsAgainAt);
  }

  #closeSurplus(): void {
    while (this.#size > this.#most && this.#idle.length > 0) this.#idle.pop()?.session.wire.quit();
  }

  #sayRoom(): void {
    this.#saidInForce = this.inForce;
    this.#options.roomChanged();
  }

  async #open(): Promise<void> {
    this.#opening += 1;
    try {
      const session = await this.#options.openSession();
      session.wire.onLost(() => this.#forget(session));
      this.#opening -= 1;
      if (this.#failing) this.#options.log.info('the upstream takes connections again', { upstream: this.name });
      this.#failing = false;
      this.#rest(session);
    } catch (error) {
      this.#opening -= 1;
      this.#refused(error);
    }
  }

  /**
   * Without any other session the upstream is down, also for those that wait: they go back at once, so that the scheduler may try somewhere else, or here
   * with one. Beside working sessions a refusal only means that there are enough of them.
   */
  #refused(error: unknown): void {
    const { desk, log } = this.#options;
    this.#growsAgainAt = desk.clock.monotonic() + growthPauseMs;
    const reply = error instanceof UpstreamUnusable ? error.reply : { code: 0, text: String(error) };
    if (!this.#failing) log.warn('the upstream refuses a connection', { upstream: this.name, code: reply.code, reason: reply.text });
    this.#failing = true;
    if (this.#idle.length + this.#busy.size === 0) this.giveBack({ outcome: Outcome.UPSTREAM_DOWN, reply });
  }

  async #run(session: SmtpSession, job: Job): Promise<void> {
    this.#busy.add(session);
    this.#carried.set(session, job.assignment);
    const delivery = await deliver(job.assignment, session, job.body, this.#options.desk);
    this.#carried.delete(session);
    this.#busy.delete(session);
    this.#take(job, delivery);
    this.#rest(session);
  }

  #take(job: Job, delivery: Delivery): void {
    if (delivery.kind === 'concluded') return this.#conclude(job, delivery.verdicts, delivery.tookMs);
    if (this.#draining) return this.#conclude(job, spread(job.assignment, draining));
    this.#queue.unshift(job);
  }

  #conclude({ assignment, body }: Job, verdicts: readonly Verdict[], tookMs?: number): void {
    body.release();
    // A session that we ended ourselves says nothing about the upstream.
    const truthful = this.#draining ? verdicts.map((verdict) => (verdict.outcome === Outcome.UPSTREAM_DOWN ? draining : verdict)) : verdicts;
    this.#options.conclude(assignment, truthful, tookMs);
  }

  #rest(session: SmtpSession): void {
    if (!session.wire.lost) this.#idle.push({ session, since: this.#options.desk.clock.monotonic() });
    this.#closeSurplus();
    this.#advance();
  }

  #forget(session: SmtpSession): void {
    this.#idle = this.#idle.filter((rested) => rested.session !== session);
    this.#count();
  }

  #count(): void {
    connections.set({ upstream: this.name }, this.#idle.length + this.#busy.size);
    // Surplus connections are gone one by one: the scheduler waits for it before it allots them to another.
    if (this.#allotted !== Infinity && this.inForce !== this.#saidInForce) this.#sayRoom();
  }
}

function spread({ attempt }: Assignment, verdict: Verdict): Verdict[] {
  return attempt.recipients.map(() => verdict);
}
