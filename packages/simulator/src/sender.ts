import type { Attempt, AttemptOutcome, Input, OutcomeKind } from '@posthaste/core';
import type { Agenda } from './agenda.ts';
import type { Link, Word } from './link.ts';
import type { Transaction, Upstream } from './upstream.ts';
import type { Witness } from './witness.ts';

export interface SenderOptions {
  readonly id: string;
  readonly agenda: Agenda;
  readonly witness: Witness;
  /** Each with the connections that this sender keeps to it at most. */
  readonly upstreams: ReadonlyMap<string, { readonly upstream: Upstream; readonly connections: number }>;
  readonly leaseMs: number;
  /** A stream to the scheduler; null while there is none. */
  connect(sender: Sender): Link | null;
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
  readonly #queues = new Map<string, Held[]>();
  readonly #busy = new Map<string, number>();
  #leaseEndsAt = -Infinity;
  #term = 0;

  constructor(options: SenderOptions) {
    this.id = options.id;
    this.#options = options;
    for (const name of options.upstreams.keys()) {
      this.#queues.set(name, []);
      this.#busy.set(name, 0);
    }
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
    for (const [name, busy] of this.#busy) this.#release(name, busy);
  }

  /** Hangs: nothing is said, heard or done for so long. */
  freeze(ms: number): void {
    this.#frozenUntil = this.#options.agenda.now + ms;
  }

  /** Takes nothing more, ends what has begun, and goes. */
  drain(): void {
    this.#draining = true;
    for (const [upstream, queue] of this.#queues) {
      this.#say({ kind: 'credit', sender: this.id, upstream, window: 0 });
      for (const held of queue.splice(0)) this.#conclude(held, 'draining');
    }
    this.#leaveIfDone();
  }

  hear(word: Word): void {
    this.#awake(() => this.#hear(word));
  }

  /** Begins what it has connections for. */
  advance(name: string): void {
    const { upstreams } = this.#options;
    const entry = upstreams.get(name);
    const queue = this.#queues.get(name);
    if (!entry || !queue || !this.#alive || !this.#link?.open) return;
    while (queue.length > 0 && (this.#busy.get(name) ?? 0) < entry.connections && entry.upstream.hasRoom) {
      const held = queue.shift();
      if (held) this.#begin(held, entry.upstream);
    }
  }

  #awake(act: () => void): void {
    const { agenda } = this.#options;
    if (!this.#alive) return;
    if (agenda.now >= this.#frozenUntil) act();
    else agenda.at(this.#frozenUntil, () => this.#awake(act));
  }

  #connect(): void {
    const { agenda, upstreams } = this.#options;
    if (!this.#alive || this.#link?.open) return;
    this.#link = this.#options.connect(this);
    if (!this.#link) return agenda.after(connectAgainMs, () => this.#awake(() => this.#connect()));
    const held = [...this.#held.values()].map(({ attempt, stage }) => ({ attempt: attempt.id, begun: stage !== 'waiting' }));
    const credits = [...upstreams].map(([upstream, { connections }]) => ({ upstream, window: this.#draining ? 0 : 2 * connections }));
    this.#say({ kind: 'hello', sender: this.id, held, outcomes: [...this.#outcomes.values()].map(({ outcome }) => outcome), credits });
  }

  #say(input: Input): void {
    this.#link?.toScheduler(input);
  }

  #beat(): void {
    const { now } = this.#options.agenda;
    this.#say({ kind: 'heartbeat', sender: this.id });
    const again = [...this.#outcomes.values()].filter(({ saidAt }) => now - saidAt >= reportAgainMs);
    if (again.length === 0) return;
    for (const each of again) each.saidAt = now;
    this.#say({ kind: 'reported', sender: this.id, outcomes: again.map(({ outcome }) => outcome) });
  }

  #hear(word: Word): void {
    const { agenda, leaseMs } = this.#options;
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
      case 'heard':
        if (agenda.now >= this.#leaseEndsAt) this.#term += 1;
        this.#leaseEndsAt = Math.max(this.#leaseEndsAt, word.saidAt + leaseMs);
        return;
      case 'ended':
        if (!this.#link?.open) this.#connect();
    }
  }

  /** Said twice, it is still one. */
  #take(attempt: Attempt, leftMs: number): void {
    const { agenda } = this.#options;
    if (this.#held.has(attempt.id) || this.#outcomes.has(attempt.id)) return;
    const held: Held = { attempt, term: this.#term, deadlineAt: agenda.now + leftMs, stage: 'waiting', confirmed: false, transaction: null };
    this.#held.set(attempt.id, held);
    if (this.#draining) return this.#conclude(held, 'draining');
    this.#queues.get(attempt.upstream)?.push(held);
    this.advance(attempt.upstream);
  }

  #begin(held: Held, upstream: Upstream): void {
    const { agenda, witness } = this.#options;
    const { attempt } = held;
    if (!this.#inTime(held)) return this.#conclude(held, 'tooLate');
    held.stage = 'begun';
    upstream.busy += 1;
    this.#busy.set(upstream.name, (this.#busy.get(upstream.name) ?? 0) + 1);
    this.#say({ kind: 'begun', sender: this.id, attempts: [attempt.id] });
    const addresses = attempt.recipients.map((recipient) => attempt.mail.ticket.recipients[recipient]?.address ?? '');
    held.transaction = upstream.begin(agenda.now, addresses, attempt.recipients);
    witness.noteMailFrom(upstream.name, attempt, agenda.now);
    agenda.after(held.transaction.tookMs, () => this.#awake(() => this.#finish(held)));
  }

  /** Before the last bytes it looks whether the scheduler knows, whether its lease holds, and whether the mail is still useful. */
  #finish(held: Held): void {
    const { agenda, upstreams, witness } = this.#options;
    const { attempt, transaction } = held;
    const entry = upstreams.get(attempt.upstream);
    if (!transaction || !entry || !this.#held.has(attempt.id)) return;
    const isHandedOver = transaction.outcomes.some(({ outcome }) => outcome === 'delivered' || outcome === 'inDoubt');
    if (isHandedOver && !this.#inTime(held)) return this.#end(held, entry.upstream, this.#spread(held, 'tooLate'));
    if (isHandedOver && !held.confirmed) return void (held.stage = 'awaiting confirmation');
    for (const recipient of transaction.arrived) {
      witness.noteArrival(attempt, recipient, agenda.now);
      entry.upstream.taken.add(agenda.now);
    }
    this.#end(held, entry.upstream, transaction.outcomes);
  }

  #end(held: Held, upstream: Upstream, outcomes: AttemptOutcome['recipients']): void {
    this.#settle(held, outcomes);
    this.#release(upstream.name, 1);
  }

  #release(name: string, connections: number): void {
    const entry = this.#options.upstreams.get(name);
    if (!entry || connections === 0) return;
    entry.upstream.busy -= connections;
    this.#busy.set(name, (this.#busy.get(name) ?? 0) - connections);
    this.#options.onFreed(name);
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
    const queue = this.#queues.get(held.attempt.upstream);
    const place = queue?.indexOf(held) ?? -1;
    if (place >= 0) queue?.splice(place, 1);
    const upstream = this.#options.upstreams.get(held.attempt.upstream)?.upstream;
    if (held.stage === 'waiting' || !upstream) this.#conclude(held, 'draining');
    else this.#end(held, upstream, this.#spread(held, 'draining'));
  }

  #inTime({ term, deadlineAt }: Held): boolean {
    const { now } = this.#options.agenda;
    return term === this.#term && now < this.#leaseEndsAt && now < deadlineAt;
  }

  #conclude(held: Held, outcome: OutcomeKind): void {
    this.#settle(held, this.#spread(held, outcome));
  }

  #spread({ attempt }: Held, outcome: OutcomeKind): AttemptOutcome['recipients'] {
    return [{ recipients: attempt.recipients, outcome, reply: { code: 0, text: outcome } }];
  }

  #settle({ attempt, transaction }: Held, recipients: AttemptOutcome['recipients']): void {
    this.#held.delete(attempt.id);
    const outcome = { attempt: attempt.id, id: attempt.mail.ticket.id, recipients, tookMs: transaction?.tookMs ?? 0 };
    this.#outcomes.set(attempt.id, { outcome, saidAt: this.#options.agenda.now });
    this.#say({ kind: 'reported', sender: this.id, outcomes: [outcome] });
  }

  #leaveIfDone(): void {
    if (!this.#draining || this.#held.size > 0 || this.#outcomes.size > 0) return;
    this.#alive = false;
    this.#link?.cut();
  }
}
