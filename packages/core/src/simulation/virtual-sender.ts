import type { AttemptOutcome, Credit, OutcomeKind } from '../engine-input.ts';
import type { Attempt } from '../sender-table.ts';
import type { Random } from './random.ts';
import type { UpstreamRules } from '../upstream-rules.ts';
import { VirtualConnections } from './virtual-connections.ts';
import type { VirtualLink, Word } from './virtual-link.ts';
import type { VirtualUpstreams } from './virtual-upstreams.ts';

interface Held {
  readonly attempt: Attempt;
  /** As it was when the batch came: a real sender never sees the index change. */
  readonly recipients: readonly number[];
  readonly deadline: number;
  begun: boolean;
  /** It has a connection of its own, from its begin to its end or to that of the lease. */
  connected: boolean;
  /** When MAIL FROM was written: some time after its begin. */
  mailFromAt: number | null;
  /** The scheduler is known to know. */
  confirmed: boolean;
  /** The lease during which it came: once that has ended, it may be another sender's. */
  readonly term: number;
}

/** A sender as the dispatch protocol asks for: it keeps what it holds and what it has not had acknowledged, and minds its lease. */
export class VirtualSender {
  readonly id: string;
  link: VirtualLink | null = null;
  readonly windows: Map<string, number>;
  readonly #held = new Map<string, Held>();
  readonly #outcomes = new Map<string, AttemptOutcome>();
  readonly #random: Random;
  readonly #upstreams: VirtualUpstreams;
  readonly #leaseMs: number;
  readonly #connections: VirtualConnections;
  #leaseEndsAt = -Infinity;
  /** The stream on which it got its lease. */
  #leasedBy: VirtualLink | null = null;
  #term = 0;

  constructor(id: string, upstreams: VirtualUpstreams, random: Random, leaseMs: number, rules: UpstreamRules) {
    this.id = id;
    this.#upstreams = upstreams;
    this.#random = random;
    this.#leaseMs = leaseMs;
    this.#connections = new VirtualConnections(rules, random);
    this.windows = new Map(upstreams.names.map((name) => [name, random.between(1, 4)]));
  }

  get idle(): boolean {
    return this.#held.size === 0 && this.#outcomes.size === 0;
  }

  /** Open connections to an upstream whose maximum is shared out. */
  connectionsTo(upstream: string, now: number): number {
    return now < this.#leaseEndsAt ? this.#connections.open(upstream) : 0;
  }

  sayHello(link: VirtualLink, now: number): void {
    this.#look(now);
    this.link = link;
    this.#connections.beginStream();
    const held = [...this.#held.values()].map(({ attempt, begun }) => ({ attempt: attempt.id, begun }));
    const credits = [...this.windows.keys()].map((upstream) => this.#credit(upstream));
    link.toScheduler.push({ input: { kind: 'hello', sender: this.id, held, outcomes: [...this.#outcomes.values()], credits }, saidAt: now });
  }

  beat(now: number): void {
    const limited = [...this.#held.values()].filter(({ attempt }) => attempt.metering);
    const attempts = limited.flatMap(({ attempt, mailFromAt }) => (mailFromAt === null ? [] : [{ attempt: attempt.id, ageMs: now - mailFromAt }]));
    if (attempts.length > 0) this.link?.toScheduler.push({ input: { kind: 'written', sender: this.id, attempts }, saidAt: now });
    this.link?.toScheduler.push({ input: { kind: 'heartbeat', sender: this.id }, saidAt: now });
  }

  /** A health check, which finds what is. */
  check(now: number): void {
    const upstream = this.#random.pick(this.#upstreams.names) ?? '';
    const ok = !this.#upstreams.isDown(upstream);
    const trouble = ok ? '' : 'connection refused';
    this.link?.toScheduler.push({ input: { kind: 'checked', sender: this.id, upstream, ok, trouble }, saidAt: now });
  }

  changeWindow(now: number): void {
    const upstream = this.#random.pick(this.#upstreams.names) ?? '';
    this.open(upstream, this.#random.between(0, 4), now);
  }

  open(upstream: string, window: number, now: number): void {
    this.windows.set(upstream, window);
    this.#sayCredit(upstream, now);
  }

  #sayCredit(upstream: string, now: number): void {
    this.link?.toScheduler.push({ input: { kind: 'credit', sender: this.id, ...this.#credit(upstream) }, saidAt: now });
  }

  #credit(upstream: string): Credit {
    const window = this.#connections.isShut(upstream) ? 0 : (this.windows.get(upstream) ?? 0);
    return { ...this.#connections.inForce(upstream), window };
  }

  report(now: number): void {
    if (this.#outcomes.size === 0) return;
    this.link?.toScheduler.push({ input: { kind: 'reported', sender: this.id, outcomes: [...this.#outcomes.values()] }, saidAt: now });
  }

  hear(word: Word, now: number): void {
    this.#look(now);
    if (!this.link?.open) return;
    switch (word.kind) {
      case 'batch':
        word.attempts.forEach((attempt, index) => this.#take(attempt, word.deadlines[index] ?? Infinity, now));
        return;
      case 'acknowledge':
        for (const attempt of word.attempts) this.#outcomes.delete(attempt);
        return;
      case 'cancel':
        for (const attempt of word.attempts) this.#drop(attempt, now);
        return;
      case 'confirm':
        for (const attempt of word.attempts) this.#confirm(attempt);
        return;
      case 'allot':
        return this.#keepTo(word, now);
      case 'heard':
        this.#leasedBy = this.link;
        if (now >= this.#leaseEndsAt) this.#term += 1;
        this.#leaseEndsAt = Math.max(this.#leaseEndsAt, word.saidAt + this.#leaseMs);
    }
  }

  /** A lease that is over takes along what was allotted under it, and the stream that kept silent for so long. */
  #look(now: number): void {
    if (now < this.#leaseEndsAt || this.#leasedBy === null) return;
    this.#connections.lose();
    for (const held of this.#held.values()) held.connected = false;
    this.#leasedBy.cut();
    this.#leasedBy = null;
  }

  /** With nothing allotted it can keep no mail. */
  #keepTo({ upstream, connections, number }: Extract<Word, { kind: 'allot' }>, now: number): void {
    if (!this.#connections.allot(upstream, connections, number, this.#busyWith(upstream))) return;
    const waiting = [...this.#held.values()].filter(({ attempt, begun }) => !begun && attempt.upstream === upstream);
    if (connections === 0) for (const held of waiting) this.#conclude(held, 'draining', now);
    this.#sayCredit(upstream, now);
  }

  #busyWith(upstream: string): number {
    return [...this.#held.values()].filter(({ attempt, connected }) => connected && attempt.upstream === upstream).length;
  }

  /** Begins a transaction, if one is waiting. It announces that, so it needs its stream for it. */
  begin(now: number): void {
    this.#look(now);
    const next = this.#random.pick([...this.#held.values()].filter(({ begun }) => !begun));
    if (!next || !this.link?.open) return;
    if (!this.#holdsLease(next, now)) return this.#conclude(next, 'tooLate', now);
    const { upstream } = next.attempt;
    if (!this.#connections.take(upstream, this.#busyWith(upstream))) return;
    next.begun = next.connected = true;
    this.link.toScheduler.push({ input: { kind: 'begun', sender: this.id, attempts: [next.attempt.id] }, saidAt: now });
    if (this.#random.chance(0.5)) this.#writeMailFrom(next, now);
  }

  #writeMailFrom(held: Held, now: number): void {
    held.mailFromAt = now;
    this.#upstreams.begin(held.attempt.upstream, held.attempt.mail.ticket, held.recipients, now);
  }

  /** Ends a transaction, if one has begun. Lease and deadline are looked at before the last bytes. */
  finish(now: number): void {
    const next = this.#random.pick([...this.#held.values()].filter(({ begun }) => begun));
    if (!next) return;
    const { ticket } = next.attempt.mail;
    if (!this.#holdsLease(next, now) || next.deadline <= now) return this.#conclude(next, 'tooLate', now);
    if (!next.confirmed) return;
    if (next.mailFromAt === null) this.#writeMailFrom(next, now);
    const outcomes = this.#upstreams.deliver(next.attempt.upstream, ticket, next.recipients);
    this.#settle(next, outcomes, now);
  }

  /** Said twice, it is still one: a second delivery of one attempt must never happen. */
  #take(attempt: Attempt, deadline: number, now: number): void {
    if (this.#held.has(attempt.id) || this.#outcomes.has(attempt.id)) return;
    const held = {
      attempt,
      recipients: [...attempt.recipients],
      deadline,
      begun: false,
      connected: false,
      mailFromAt: null,
      confirmed: false,
      term: this.#term,
    };
    this.#held.set(attempt.id, held);
    if (this.#connections.isShut(attempt.upstream)) this.#conclude(held, 'draining', now);
  }

  #drop(attempt: string, now: number): void {
    const held = this.#held.get(attempt);
    if (held && !held.confirmed) this.#conclude(held, 'draining', now);
  }

  #confirm(attempt: string): void {
    const held = this.#held.get(attempt);
    if (held) held.confirmed = true;
  }

  #holdsLease({ term }: Held, now: number): boolean {
    return term === this.#term && now < this.#leaseEndsAt;
  }

  #conclude(held: Held, outcome: OutcomeKind, now: number): void {
    this.#settle(held, [{ recipients: held.recipients, outcome, reply: { code: 0, text: outcome } }], now);
  }

  #settle({ attempt, begun, connected }: Held, recipients: AttemptOutcome['recipients'], now: number): void {
    this.#held.delete(attempt.id);
    if (connected && this.#connections.rest(attempt.upstream, this.#busyWith(attempt.upstream))) this.#sayCredit(attempt.upstream, now);
    this.#outcomes.set(attempt.id, { attempt: attempt.id, id: attempt.mail.ticket.id, recipients, ...(begun && { tookMs: 5 }) });
  }
}
