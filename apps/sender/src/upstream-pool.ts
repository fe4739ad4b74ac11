import { Outcome } from '@posthaste/protocol/dispatch';
import type { Reply } from '@posthaste/core';
import type { Log } from '@posthaste/telemetry';
import type { BodySource, FetchedBody } from './body-source.ts';
import { Connections } from './connections.ts';
import { type Delivery, deliver, type Desk } from './delivery.ts';
import { draining, tooLate, unallotted, type Verdict } from './outcome.ts';
import type { SmtpSession } from './smtp-session.ts';
import { type CheckOptions, UpstreamCheck } from './upstream-check.ts';
import { UpstreamUnusable } from './smtp-upstream.ts';
import { ConnectionEnded } from './smtp-wire.ts';
import type { UpstreamTarget } from './upstream-target.ts';
import type { Assignment } from './workload.ts';

export interface PoolOptions {
  readonly target: UpstreamTarget;
  readonly bodies: BodySource;
  readonly desk: Desk;
  readonly log: Log;
  /** How the upstream is looked after while no mail goes by it. */
  readonly check: Omit<CheckOptions, 'upstream'>;
  /** Rejects with UpstreamUnusable. */
  openSession(signal?: AbortSignal): Promise<SmtpSession>;
  /** Window or connections in force have changed. */
  roomChanged(): void;
  /** Takes what came of an attempt. */
  conclude(assignment: Assignment, verdicts: readonly Verdict[], tookMs?: number): void;
}

interface Job {
  readonly assignment: Assignment;
  readonly body: FetchedBody;
}

/** One upstream: its connections, and the attempts that wait for one, in the scheduler's order. */
export class UpstreamPool {
  readonly #options: PoolOptions;
  readonly #connections: Connections;
  readonly #check: UpstreamCheck;
  #queue: Job[] = [];
  /** What sessions carry. */
  readonly #carried = new Map<SmtpSession, Assignment>();
  #draining = false;
  #failing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { target, desk, roomChanged } = options;
    this.#connections = new Connections({ target, clock: desk.clock, inForceChanged: roomChanged, freed: () => this.#advance() });
    this.#check = new UpstreamCheck(
      { ...options.check, upstream: target.name },
      { connections: this.#connections, open: (signal) => this.#open(signal), freed: () => this.#advance() },
    );
  }

  get name(): string {
    return this.#options.target.name;
  }

  /** Whether schedulers say how many connections there may be. */
  get isAllotted(): boolean {
    return this.#connections.isAllotted;
  }

  /** How many attempts this pool holds at most: those on its connections and as many again, so that none of them waits for the scheduler. */
  get window(): number {
    return this.#draining ? 0 : this.#connections.most * 2;
  }

  /** It may have no connection, and can keep no mail. */
  get isShut(): boolean {
    return this.#connections.most === 0;
  }

  get inForce(): number {
    return this.#connections.inForce;
  }

  /** Said again also when nothing has changed by it: the scheduler waits for its number. */
  allot(connections: number): void {
    if (!this.#connections.isAllotted) return;
    this.#connections.allot(connections);
    this.#sayRoom();
    this.#advance();
  }

  /** The lease of a partition is over, and what its owner allotted is another's; `left` is what the others allot. */
  loseAllotment(partition: number, left: number): void {
    if (!this.isAllotted || this.inForce <= left) return;
    const isLost = (assignment: Assignment | undefined) => assignment?.partition === partition;
    this.#connections.endAllotment(left, (session) => left === 0 || isLost(this.#carried.get(session)));
    this.giveBack(tooLate, isLost);
    this.#sayRoom();
  }

  take(assignment: Assignment): void {
    const obstacle = this.#obstacle;
    if (obstacle) return this.#options.conclude(assignment, spread(assignment, obstacle));
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
    this.#connections.tick();
    this.#advance();
    if (!this.#draining) this.#check.tick();
  }

  /** Takes nothing more; what has begun goes on. */
  drain(): void {
    this.#draining = true;
    this.giveBack(draining);
    this.#connections.allot(0);
  }

  /** Ends every session, by QUIT where no mail is under way. */
  close(): void {
    this.#connections.close();
  }

  #advance(): void {
    while (this.#queue.length > 0) {
      const session = this.#connections.take();
      const job = session && this.#queue.shift();
      if (!job) break;
      void this.#run(session, job);
    }
    while (this.#queue.length > this.#connections.opening && this.#connections.mayGrow()) void this.#open();
    this.#connections.count();
  }

  /** Answers what stood in the way. */
  async #open(signal?: AbortSignal): Promise<Reply | undefined> {
    const { log, openSession } = this.#options;
    try {
      const session = await this.#connections.add(() => openSession(signal));
      if (this.#failing) log.info('the upstream takes connections again', { upstream: this.name });
      this.#failing = false;
      this.#check.heard();
      this.#connections.rest(session);
      this.#advance();
      return undefined;
    } catch (error) {
      return this.#refused(error instanceof UpstreamUnusable ? error.reply : { code: 0, text: String(error) });
    }
  }

  /**
   * Without any other session the upstream is down, also for those that wait: they go back at once, so that the scheduler may try somewhere else, or here
   * with one. Beside working sessions a refusal only means that there are enough of them; beside sessions that have been silent for long it does not.
   */
  #refused(reply: Reply): Reply {
    if (!this.#failing) this.#options.log.warn('the upstream refuses a connection', { upstream: this.name, code: reply.code, reason: reply.text });
    this.#failing = true;
    if (this.#connections.open > 0 && !(this.#check.isSilent && reply.code === 0)) return reply;
    this.#check.failed();
    this.giveBack({ outcome: Outcome.UPSTREAM_DOWN, reply });
    return reply;
  }

  async #run(session: SmtpSession, job: Job): Promise<void> {
    this.#carried.set(session, job.assignment);
    const delivery = await deliver(job.assignment, session, job.body, this.#options.desk);
    this.#carried.delete(session);
    this.#take(job, delivery);
    if (delivery.kind === 'concluded' && delivery.tookMs !== undefined) this.#learnFrom(session);
    this.#connections.rest(session);
    this.#advance();
  }

  /** A session that mail went through, or under which it broke. */
  #learnFrom({ wire: { lost } }: SmtpSession): void {
    if (!lost) this.#check.heard();
    else if (!(lost instanceof ConnectionEnded)) this.#check.failed();
  }

  #take(job: Job, delivery: Delivery): void {
    if (delivery.kind === 'concluded') return this.#conclude(job, delivery.verdicts, delivery.tookMs);
    const obstacle = this.#obstacle;
    if (obstacle) return this.#conclude(job, spread(job.assignment, obstacle));
    this.#queue.unshift(job);
  }

  /** Why nothing may wait here: it could wait for ever. */
  get #obstacle(): Verdict | undefined {
    if (this.#draining) return draining;
    return this.isShut ? unallotted : undefined;
  }

  /** Without any room also gives back what waits: whoever has a connection takes it. Its schedulers know by then that there is no room. */
  #sayRoom(): void {
    this.#options.roomChanged();
    if (this.isShut) this.giveBack(unallotted);
  }

  #conclude({ assignment, body }: Job, verdicts: readonly Verdict[], tookMs?: number): void {
    body.release();
    // A session that we ended ourselves says nothing about the upstream.
    const truthful = this.#draining ? verdicts.map((verdict) => (verdict.outcome === Outcome.UPSTREAM_DOWN ? draining : verdict)) : verdicts;
    this.#options.conclude(assignment, truthful, tookMs);
  }
}

function spread({ attempt }: Assignment, verdict: Verdict): Verdict[] {
  return attempt.recipients.map(() => verdict);
}
