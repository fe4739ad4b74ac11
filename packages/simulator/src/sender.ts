import type { Attempt, AttemptOutcome, Credit, Input, OutcomeKind } from '@posthaste/core';
import type { Agenda } from './agenda.ts';
import type { Link, Word } from './link.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { Transaction } from './upstream.ts';
import type { Witness } from './witness.ts';

export interface SenderOptions {
  readonly id: string;
  readonly agenda: Agenda;
  readonly witness: Witness;
  readonly upstreams: readonly Pick<PoolOptions, 'upstream' | 'connections' | 'isAllotted'>[];
  /** How often it looks after an upstream that it has not heard of; 0: never. */
  readonly checkEveryMs: number;
  readonly leaseMs: number;
  /** A stream to the scheduler; null while there is none. */
  connect(sender: Sender): Link | null;
  /** A transaction has begun there. */
  onBegun(upstream: string): void;
  /** A connection to the upstream is free that others may have waited for. */
  onFreed(upstream: string): void;
}

interface Held {
  readonly attempt: Attempt;
  /** The lease during which it came: once that has ended, it may be another sender's. */
  readonly term: number;
  /** By this sender's own time. */
  readonly deadlineAt: number;
  stage: 'waiting' | 'begun' | 'awaiting confirmation';
  confirmed: boolean;
  transaction: Transaction | null;
}

const heartbeatMs = 1_000;
/** Longer than any word can be late. */
const rememberedMs = 2_000;
const reportAgainMs = 5_000;
const connectAgainMs = 1_000;

/** A sender as the dispatch protocol asks for: it keeps what it holds and what it has not had acknowledged, and minds its lease and the deadlines. */
export class Sender {
  readonly id: string;
  readonly #options: SenderOptions;
  #link: Link | null = null;
  #alive = true;
  #draining = false;
  #frozenUntil = 0;
  readonly #held = new Map<string, Held>();
  readonly #outcomes = new Map<string, { readonly outcome: AttemptOutcome; saidAt: number }>();
  /** Of attempts that ended in the last seconds: a batch may be said twice. */
  readonly #endedAt = new Map<string, number>();
  readonly #pools: ReadonlyMap<string, Pool<Held>>;
  /** Limited attempts whose MAIL FROM was written, and when, while there was no stream to say it on. */
  #written: { readonly attempt: string; readonly at: number }[] = [];
  #leaseEndsAt = -Infinity;
  #term = 0;

  constructor(options: SenderOptions) {
    this.id = options.id;
    this.#options = options;
    const { checkEveryMs, agenda } = options;
    const pools = options.upstreams.map((each) => new Pool<Held>({ ...each, checkEveryMs, sender: options.id, startedAt: agenda.now }));
    this.#pools = new Map(pools.map((pool) => [pool.upstream.name, pool]));
  }

  start(): void {
    const { agenda } = this.#options;
    this.#connect();
    agenda.every(
      heartbeatMs,
      () => this.#awake(() => this.#beat()),
      () => this.#alive,
    );
  }

  /** Dies: what it held is known to nobody but the scheduler, and what it had under way at the upstreams is cut there. */
  kill(): void {
    this.#alive = false;
    this.#link?.cut();
    for (const pool of this.#pools.values()) this.#release(pool, pool.busy);
  }

  /** Hangs: nothing is said, heard or done for so long. */
  freeze(ms: number): void {
    this.#frozenUntil = this.#options.agenda.now + ms;
  }

  /** Takes nothing more, ends what has begun, and goes. */
  drain(): void {
    this.#draining = true;
    for (const pool of this.#pools.values()) {
      this.#sayCredit(pool);
      for (const held of pool.queue.splice(0)) this.#conclude(held, 'draining');
    }
    this.#leaveIfDone();
  }

  hear(word: Word): void {
    this.#awake(() => this.#hear(word));
  }

  /** Begins what it has connections for. */
  advance(name: string): void {
    const pool = this.#pools.get(name);
    if (!pool || !this.#alive || !this.#link?.open || this.#options.agenda.now < this.#frozenUntil) return;
    while (pool.queue.length > 0 && pool.hasRoom) {
      const held = pool.queue.shift();
      if (held) this.#begin(held, pool);
    }
  }

  /** Transactions at an upstream that are the scheduler's to bound: when the lease is over they are this sender's own, and end. */
  connectionsTo(name: string): number {
    return this.#alive && this.#hasLease ? (this.#pools.get(name)?.busy ?? 0) : 0;
  }

  #awake(act: () => void): void {
    const { agenda } = this.#options;
    if (!this.#alive) return;
    if (agenda.now >= this.#frozenUntil) act();
    else agenda.at(this.#frozenUntil, () => this.#awake(act));
  }

  #connect(): void {
    const { agenda } = this.#options;
    if (!this.#alive || this.#link?.open) return;
    this.#loseLease();
    this.#link = this.#options.connect(this);
    if (!this.#link) return agenda.after(connectAgainMs, () => this.#awake(() => this.#connect()));
    const held = [...this.#held.values()].map(({ attempt, stage }) => ({ attempt: attempt.id, begun: stage !== 'waiting' }));
    for (const pool of this.#pools.values()) pool.number = 0;
    const credits = [...this.#pools.values()].map((pool) => this.#creditOf(pool));
    this.#say({ kind: 'hello', sender: this.id, held, outcomes: [...this.#outcomes.values()].map(({ outcome }) => outcome), credits });
    this.#sayWritten();
  }

  #creditOf(pool: Pool<Held>): Credit {
    const window = this.#draining ? 0 : 2 * pool.most;
    return { upstream: pool.upstream.name, window, ...(pool.isAllotted && { connections: pool.inForce, allotment: pool.number }) };
  }

  #sayCredit(pool: Pool<Held>): void {
    this.#say({ kind: 'credit', sender: this.id, ...this.#creditOf(pool) });
  }

  /** MAIL FROM that could not be told of is told of when there is a stream again. */
  #sayWritten(): void {
    const { now } = this.#options.agenda;
    if (!this.#link?.open || this.#written.length === 0) return;
    const attempts = this.#written.map(({ attempt, at }) => ({ attempt, ageMs: Math.floor(now - at) }));
    this.#say({ kind: 'written', sender: this.id, attempts });
    this.#written = [];
  }

  #say(input: Input): void {
    this.#link?.toScheduler(input);
  }

  #beat(): void {
    const { now } = this.#options.agenda;
    this.#loseLease();
    for (const [attempt, at] of this.#endedAt) {
      if (now - at < rememberedMs) break;
      this.#endedAt.delete(attempt);
    }
    this.#say({ kind: 'heartbeat', sender: this.id });
    for (const pool of this.#pools.values()) this.#lookAfter(pool);
    const again = [...this.#outcomes.values()].filter(({ saidAt }) => now - saidAt >= reportAgainMs);
    if (again.length === 0) return;
    for (const each of again) each.saidAt = now;
    this.#say({ kind: 'reported', sender: this.id, outcomes: again.map(({ outcome }) => outcome) });
  }

  /** An upstream that no mail has gone by lately. Of connections that are allotted it keeps what it has said, too: that word may have been overtaken. */
  #lookAfter(pool: Pool<Held>): void {
    const { now } = this.#options.agenda;
    if (pool.isAllotted && this.#link?.open) this.#sayCredit(pool);
    if (this.#draining || pool.most === 0 || !pool.plan.takeDue(now)) return;
    const { name } = pool.upstream;
    const ok = !pool.upstream.isOut(now);
    if (ok) pool.plan.heard(now);
    else pool.plan.failed(now);
    this.#say({ kind: 'checked', sender: this.id, upstream: name, ok, trouble: ok ? '' : 'connection refused' });
  }

  /** What has begun under a lease that is over is dropped, and so are the connections that were allotted under it. */
  #loseLease(): void {
    if (this.#hasLease) return;
    for (const pool of this.#pools.values()) pool.loseAllotment();
    for (const held of [...this.#held.values()]) if (held.stage !== 'waiting') this.#end(held, this.#spread(held, 'tooLate'));
  }

  get #hasLease(): boolean {
    return this.#options.agenda.now < this.#leaseEndsAt;
  }

  #hear(word: Word): void {
    const { leaseMs } = this.#options;
    switch (word.kind) {
      case 'batch':
        for (const { attempt, leftMs } of word.attempts) this.#take(attempt, leftMs ?? Infinity);
        return;
      case 'acknowledge':
        for (const attempt of word.attempts) this.#outcomes.delete(attempt);
        return this.#leaveIfDone();
      case 'cancel':
        for (const attempt of word.attempts) this.#cancel(attempt);
        return;
      case 'confirm':
        for (const attempt of word.attempts) this.#confirm(attempt);
        return;
      case 'allot':
        return this.#keepTo(word);
      case 'heard':
        this.#loseLease();
        if (!this.#hasLease) this.#term += 1;
        this.#leaseEndsAt = Math.max(this.#leaseEndsAt, word.saidAt + leaseMs);
        return;
      case 'ended':
        if (!this.#link?.open) this.#connect();
    }
  }

  #keepTo({ upstream, connections, number }: Extract<Word, { kind: 'allot' }>): void {
    const pool = this.#pools.get(upstream);
    if (!pool?.allot(connections, number)) return;
    this.#sayCredit(pool);
    if (pool.most === 0) for (const held of pool.queue.splice(0)) this.#conclude(held, 'draining');
    this.advance(upstream);
  }

  /** Said twice, it is still one. */
  #take(attempt: Attempt, leftMs: number): void {
    const { agenda } = this.#options;
    if (this.#held.has(attempt.id) || this.#outcomes.has(attempt.id) || this.#endedAt.has(attempt.id)) return;
    const held: Held = { attempt, term: this.#term, deadlineAt: agenda.now + leftMs, stage: 'waiting', confirmed: false, transaction: null };
    this.#held.set(attempt.id, held);
    const pool = this.#pools.get(attempt.upstream);
    if (this.#draining || pool?.most === 0) return this.#conclude(held, 'draining');
    pool?.queue.push(held);
    this.advance(attempt.upstream);
  }

  #begin(held: Held, pool: Pool<Held>): void {
    const { agenda, witness } = this.#options;
    const { attempt } = held;
    const { upstream } = pool;
    if (!this.#inTime(held)) return this.#conclude(held, 'tooLate');
    held.stage = 'begun';
    upstream.busy += 1;
    pool.busy += 1;
    this.#options.onBegun(upstream.name);
    this.#say({ kind: 'begun', sender: this.id, attempts: [attempt.id] });
    const addresses = attempt.recipients.map((recipient) => attempt.mail.ticket.recipients[recipient]?.address ?? '');
    held.transaction = upstream.begin(agenda.now, addresses, attempt.recipients);
    if (held.transaction.written) {
      witness.noteMailFrom(upstream.name, attempt, agenda.now);
      if (attempt.metering) this.#written.push({ attempt: attempt.id, at: agenda.now });
      this.#sayWritten();
    }
    agenda.after(held.transaction.tookMs, () => this.#awake(() => this.#finish(held)));
  }

  /** Before the last bytes it looks whether the scheduler knows, whether its lease holds, and whether the mail is still useful. */
  #finish(held: Held): void {
    const { agenda, witness } = this.#options;
    const { attempt, transaction } = held;
    const pool = this.#pools.get(attempt.upstream);
    if (!transaction || !pool || !this.#held.has(attempt.id)) return;
    if (transaction.written) pool.plan.heard(agenda.now);
    else pool.plan.failed(agenda.now);
    const isHandedOver = transaction.outcomes.some(({ outcome }) => outcome === 'delivered' || outcome === 'inDoubt');
    if (isHandedOver && !this.#inTime(held)) return this.#end(held, this.#spread(held, 'tooLate'));
    if (isHandedOver && !held.confirmed) return void (held.stage = 'awaiting confirmation');
    for (const recipient of transaction.arrived) {
      witness.noteArrival(attempt, recipient, agenda.now);
      pool.upstream.taken.add(agenda.now);
    }
    this.#end(held, transaction.outcomes);
  }

  #end(held: Held, outcomes: AttemptOutcome['recipients']): void {
    this.#settle(held, outcomes);
    const pool = this.#pools.get(held.attempt.upstream);
    if (pool) this.#release(pool, 1);
  }

  #release(pool: Pool<Held>, connections: number): void {
    if (connections === 0) return;
    const before = pool.inForce;
    pool.busy -= connections;
    pool.upstream.busy -= connections;
    if (pool.isAllotted && this.#alive && pool.inForce < before) this.#sayCredit(pool);
    this.#options.onFreed(pool.upstream.name);
  }

  #confirm(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    held.confirmed = true;
    if (held.stage === 'awaiting confirmation') this.#finish(held);
  }

  #cancel(id: string): void {
    const held = this.#held.get(id);
    if (!held || held.confirmed) return;
    const queue = this.#pools.get(held.attempt.upstream)?.queue;
    const place = queue?.indexOf(held) ?? -1;
    if (place >= 0) queue?.splice(place, 1);
    if (held.stage === 'waiting') this.#conclude(held, 'draining');
    else this.#end(held, this.#spread(held, 'draining'));
  }

  #inTime({ term, deadlineAt }: Held): boolean {
    return term === this.#term && this.#hasLease && this.#options.agenda.now < deadlineAt;
  }

  #conclude(held: Held, outcome: OutcomeKind): void {
    this.#settle(held, this.#spread(held, outcome));
  }

  #spread({ attempt }: Held, outcome: OutcomeKind): AttemptOutcome['recipients'] {
    return [{ recipients: attempt.recipients, outcome, reply: { code: 0, text: outcome } }];
  }

  #settle({ attempt, transaction }: Held, recipients: AttemptOutcome['recipients']): void {
    this.#held.delete(attempt.id);
    this.#endedAt.set(attempt.id, this.#options.agenda.now);
    const outcome = { attempt: attempt.id, id: attempt.mail.ticket.id, recipients, ...(transaction?.written && { tookMs: transaction.tookMs }) };
    this.#outcomes.set(attempt.id, { outcome, saidAt: this.#options.agenda.now });
    this.#say({ kind: 'reported', sender: this.id, outcomes: [outcome] });
  }

  #leaveIfDone(): void {
    if (!this.#draining || this.#held.size > 0 || this.#outcomes.size > 0) return;
    this.#alive = false;
    this.#link?.cut();
  }
}
