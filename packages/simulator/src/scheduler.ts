import {
  begunBy,
  type Effect,
  Engine,
  type EnginePolicy,
  type Input,
  type Instant,
  type Mail,
  type Router,
  type SnapshotWithStates,
  type Step,
} from '@posthaste/core';
import { placeOf, recover, type Source, sources, type VirtualStore } from '@posthaste/core/simulation';
import type { Agenda } from './agenda.ts';
import type { CoreTime } from './core-time.ts';
import type { Link } from './link.ts';
import type { Stretch } from './troubles.ts';
import type { Witness } from './witness.ts';
import type { Costs } from './workload.ts';

export interface SchedulerOptions {
  readonly agenda: Agenda;
  readonly store: VirtualStore;
  readonly witness: Witness;
  readonly router: Router;
  readonly policy: EnginePolicy;
  readonly epoch: number;
  readonly costs: Costs;
  readonly coreTime: CoreTime;
  wall(): number;
  /** Senders that take mail, connected or not. */
  staff(): ReadonlySet<string>;
  /** See `Known`. */
  outages(): ReadonlyMap<string, readonly Stretch[]> | null;
}

interface Heard {
  readonly input: Input;
  readonly link: Link | null;
  readonly saidAt: number;
}

/** What was decided, and when, in virtual time. */
type Decided = Step & { readonly at: number };

/** What came of one turn of the core. */
interface Decision {
  readonly heard: readonly Heard[];
  readonly step: Step;
  readonly taken: SnapshotWithStates | null;
  readonly decidedAt: number;
  readonly wakeAt: number;
}

type Waiting = Decided | { readonly mark: (sequence: number) => void };

const mostReadAtOnce = 500;
const silenceMs = 5_000;
const checkpointEveryMs = 30_000;
/** How often explanations are held against what is known. */
const reasonsEveryMs = 5_000;
const eventsPerCheckpoint = 50_000;
/** How long ids are remembered that finished. */
const recentMs = 10 * 60_000;
/** To walk the whole index is dear: beyond so many mails it is done ten times as seldom. */
const manyMails = 20_000;

/**
 * One life of the scheduler around the real engine. The core does one thing at a time: what comes while it decides waits, and what it decides is known
 * when the time that it took has passed. Then it is journalled, and its effects follow the acknowledgement.
 */
export class Scheduler {
  readonly engine: Engine;
  /** When the last of what the journal has was decided, in virtual time: of clock jumps since then it knows nothing. */
  journalledAt: number;
  readonly #options: SchedulerOptions;
  readonly #bootedAt: number;
  readonly #readTo: Record<Source, number>;
  readonly #sessions = new Map<string, Link>();
  readonly #perform: (effect: Effect) => void;
  #alive = true;
  #deciding = false;
  #appending = false;
  #wakeAt = Infinity;
  #inbox: Heard[] = [];
  #waiting: Waiting[] = [];
  #checkpoint: 'none' | 'due' | 'being made' = 'none';
  #sinceCheckpoint = 0;
  #checkpoints = 0;
  #forgottenTo = 0;
  #reasonsAt = 0;

  constructor(options: SchedulerOptions) {
    const { agenda, store, epoch, router, policy } = options;
    this.#options = options;
    this.#bootedAt = Math.floor(agenda.now);
    this.journalledAt = agenda.now;
    store.journal.append({ kind: 'events', epoch, events: [] });
    this.engine = new Engine({ epoch, router, policy });
    recover(store, this.engine, this.#now());
    this.#readTo = Object.fromEntries(sources.map((source) => [source, this.engine.seen(source)])) as Record<Source, number>;
    this.#perform = (effect) => this.#carryOut(effect);
    const alive = () => this.#alive;
    agenda.every(checkpointEveryMs, () => this.#makeCheckpoint(), alive);
    agenda.every(1_000, () => this.#endSilent(), alive);
    this.#goOn();
  }

  /** Nothing is under way, and nothing will be before a word, a mail or a time comes. */
  get isQuiet(): boolean {
    return !this.#deciding && !this.#appending && this.#waiting.length === 0 && this.#inbox.length === 0 && !this.#hasUnread();
  }

  /** Whether any time is still awaited. */
  get awaitsTime(): boolean {
    return this.engine.nextWake(this.#now()) !== null;
  }

  /** Something lies in a log that has not been read. */
  goOn(): void {
    this.#goOn();
  }

  tell(input: Input, link: Link | null = null, saidAt = 0): void {
    if (!this.#alive) return;
    if (link && this.#sessions.get(link.sender) !== link) {
      if (input.kind !== 'hello') return;
      this.#sessions.get(link.sender)?.cut();
      this.#sessions.set(link.sender, link);
    }
    if (input.kind === 'disconnected') this.#sessions.delete(input.sender);
    this.#inbox.push({ input, link, saidAt });
    this.#goOn();
  }

  /** Dies. What it had not journalled never was. */
  kill(): void {
    this.#alive = false;
  }

  #now(): Instant {
    const { agenda, wall } = this.#options;
    return { wall: wall(), mono: Math.floor(agenda.now) - this.#bootedAt };
  }

  #goOn(): void {
    if (this.#deciding || !this.#alive) return;
    this.#deciding = true;
    this.#options.agenda.after(0, () => void (this.#alive && this.#decide()));
  }

  /** Takes in what has come, and takes a step. */
  #decide(): void {
    const { agenda, coreTime } = this.#options;
    const now = this.#now();
    const heard = this.#inbox;
    this.#inbox = [];
    coreTime.begin();
    for (const { input } of heard) this.engine.handle(input, now);
    this.#read(now);
    const step = this.engine.takeStep(now);
    const taken = this.#takeDueSnapshot();
    const wakeMs = this.engine.nextWake(now);
    const tookMs = coreTime.end(step.records.length);
    if (this.#isReasonDue()) this.#checkReasons(now);
    const decidedAt = agenda.now;
    const wakeAt = wakeMs === null ? Infinity : decidedAt + wakeMs;
    agenda.after(tookMs, () => void (this.#alive && this.#decided({ heard, step, taken, decidedAt, wakeAt })));
  }

  #decided({ heard, step, taken, decidedAt, wakeAt }: Decision): void {
    this.#deciding = false;
    for (const each of heard) this.#answer(each);
    const isEmpty = step.records.length === 0 && step.effects.length === 0 && !step.clock;
    const onlyWoken = heard.length === 1 && heard[0]?.input.kind === 'time';
    if (onlyWoken) this.#options.witness.noteWake(this.#options.agenda.now, isEmpty);
    if (!isEmpty) this.#waiting.push({ ...step, at: decidedAt });
    if (taken) this.#waiting.push({ mark: (contains) => this.#writeStates(taken, contains) });
    this.#flush();
    this.#armWake(wakeAt);
    if ((this.#sinceCheckpoint += step.records.length) >= eventsPerCheckpoint) this.#makeCheckpoint();
    if (this.#inbox.length > 0 || this.#hasUnread()) this.#goOn();
  }

  #answer({ input, link, saidAt }: Heard): void {
    if (!link?.open) return;
    const begun = begunBy(input);
    if (begun.length > 0) {
      const held = this.engine.heldBy(link.sender, begun);
      const foreign = begun.filter((attempt) => !held.includes(attempt));
      if (held.length > 0) link.toSender({ kind: 'confirm', attempts: held });
      if (foreign.length > 0) link.toSender({ kind: 'cancel', attempts: foreign });
    }
    if (input.kind === 'hello' || input.kind === 'heartbeat') link.toSender({ kind: 'heard', saidAt });
  }

  /** As the scheduler's driver does it: an earlier wake is armed anew, a later one is found out when the armed one comes. */
  #armWake(at: number): void {
    const { agenda } = this.#options;
    const wakeAt = Math.max(at, agenda.now + 1);
    if (at === Infinity || this.#wakeAt <= wakeAt) return;
    this.#wakeAt = wakeAt;
    agenda.at(wakeAt, () => {
      if (this.#wakeAt !== wakeAt || !this.#alive) return;
      this.#wakeAt = Infinity;
      this.tell({ kind: 'time' });
    });
  }

  #hasUnread(): boolean {
    const { mail } = this.#options.store;
    return sources.some((source) => mail[source].last > this.#readTo[source]);
  }

  #read(now: Instant): void {
    const { mail } = this.#options.store;
    let left = mostReadAtOnce;
    for (const source of sources) {
      for (; left > 0 && this.#readTo[source] < mail[source].last; left -= 1) this.#readNext(source, now);
    }
  }

  #readNext(source: Source, now: Instant): void {
    const sequence = (this.#readTo[source] += 1);
    const ticket = this.#options.store.mail[source].get(sequence)?.ticket;
    if (ticket) this.engine.handle({ kind: 'arrived', ticket, place: placeOf(source, sequence) }, now);
    else if (source === 'wait') this.engine.handle({ kind: 'wait passed', upTo: sequence }, now);
    else this.engine.handle({ kind: 'hole', lane: source, from: sequence, to: sequence }, now);
  }

  #endSilent(): void {
    const { now } = this.#options.agenda;
    for (const link of this.#sessions.values()) if (now - link.heardAt > silenceMs) link.cut();
  }

  /** One entry is under way at a time; the next one gathers meanwhile. */
  #flush(): void {
    const first = this.#waiting[0];
    if (this.#appending || !first) return;
    if ('mark' in first) {
      this.#waiting.shift();
      first.mark(this.#options.store.journal.last);
      return this.#flush();
    }
    const cut = this.#waiting.findIndex((waiting) => 'mark' in waiting);
    const steps = this.#waiting.splice(0, cut < 0 ? Infinity : cut) as Decided[];
    const done = () => {
      for (const step of steps) step.effects.forEach(this.#perform);
      this.#flush();
    };
    if (steps.every(({ records, clock }) => records.length === 0 && !clock)) done();
    else this.#append(() => this.#record(steps), done);
  }

  #record(steps: readonly Decided[]): void {
    const { store, epoch, witness } = this.#options;
    const all = steps.map(({ records, at }) => ({ at, events: records.map(({ event }) => event) }));
    const clock = steps.findLast((step) => step.clock)?.clock;
    store.journal.append({ kind: 'events', epoch, events: all.flatMap(({ events }) => events), clock });
    this.journalledAt = all.at(-1)?.at ?? this.journalledAt;
    for (const { at, events } of all) witness.noteJournal(events, at);
  }

  #append(land: () => void, done: () => void): void {
    this.#appending = true;
    this.#options.agenda.after(this.#options.costs.journalMs, () => {
      if (!this.#alive) return;
      land();
      this.#appending = false;
      done();
    });
  }

  #carryOut(effect: Effect): void {
    const { store } = this.#options;
    switch (effect.kind) {
      case 'send': {
        const current = effect.attempts.filter((attempt) => this.engine.isCurrent(attempt));
        const attempts = current.map((attempt) => ({ attempt, leftMs: this.engine.usefulForMs(attempt.mail, this.#now()) }));
        return this.#sessions.get(effect.sender)?.toSender({ kind: 'batch', attempts });
      }
      case 'acknowledge':
      case 'cancel':
        return this.#sessions.get(effect.sender)?.toSender({ kind: effect.kind, attempts: effect.attempts });
      case 'dismiss':
        return this.#sessions.get(effect.sender)?.cut();
      case 'trim':
        return store.mail[effect.lane].purgeUpTo(effect.upTo);
      case 'removeWaiting':
        return store.mail.wait.remove(effect.sequence);
      case 'copy':
        return this.#copy(effect.mail);
      case 'bury':
        return this.#later(() => this.tell({ kind: 'buried', id: effect.mail.ticket.id }));
      case 'workOn':
        return this.tell({ kind: 'workOn' });
      case 'allot': {
        const { sender, upstream, connections, number } = effect;
        if (!this.engine.isAllotted(effect)) return;
        return this.#sessions.get(sender)?.toSender({ kind: 'allot', upstream, connections, number });
      }
      case 'removeBody':
      case 'removeDead':
      case 'searchDead':
    }
  }

  #copy({ ticket }: Mail): void {
    this.#later(() => this.tell({ kind: 'copied', id: ticket.id, sequence: this.#options.store.writeCopy(ticket) }));
  }

  #later(act: () => void): void {
    this.#options.agenda.after(this.#options.costs.acceptMs, () => void (this.#alive && act()));
  }

  /** With the next step, so that the snapshot, too, is charged to the core. */
  #makeCheckpoint(): void {
    if (this.#checkpoint !== 'none') return;
    this.#checkpoint = 'due';
    this.#goOn();
  }

  #checkReasons(now: Instant): void {
    const { agenda, witness, staff, outages, policy } = this.#options;
    const limitsOf = (scope: string) => {
      const [kind, name = ''] = scope.split(':');
      return kind === 'upstream' ? policy.upstreamRules.get(name)?.limits : (policy.domainLimits.get(name) ?? policy.domainLimits.get('*'));
    };
    // A sender that is allotted no connections is none: nobody outside the core knows which.
    const isAllotted = policy.upstreamRules.values().some(({ maxConnections }) => maxConnections !== undefined);
    witness.checkReasons(this.engine, isAllotted ? new Set() : staff(), { at: agenda.now, now, outages: outages(), limitsOf });
  }

  #isReasonDue(): boolean {
    const { now } = this.#options.agenda;
    if (now < this.#reasonsAt) return false;
    this.#reasonsAt = now + reasonsEveryMs;
    return true;
  }

  #takeDueSnapshot(): SnapshotWithStates | null {
    if (this.#checkpoint !== 'due') return null;
    this.#checkpoint = 'being made';
    this.#sinceCheckpoint = 0;
    return this.engine.takeSnapshot();
  }

  #writeStates(taken: SnapshotWithStates, contains: number): void {
    const { store, agenda } = this.#options;
    for (const record of taken.changed)
      this.tell({ kind: 'state written', id: record.id, sequence: store.writeState({ ...record, asOf: contains }) });
    const land = () => void store.journal.append({ kind: 'checkpoint', at: agenda.now, contains, snapshot: taken.snapshot });
    this.#waiting.push({ mark: () => this.#append(land, () => this.#checkpointMade(taken, contains)) });
  }

  #checkpointMade(taken: SnapshotWithStates, contains: number): void {
    const { store, witness, wall } = this.#options;
    for (const sequence of taken.stale) store.state.remove(sequence);
    this.#forget(contains);
    this.#checkpoint = 'none';
    this.#checkpoints += 1;
    if (this.engine.size < manyMails || this.#checkpoints % 10 === 0) witness.checkEngine(this.engine, wall(), this.isQuiet);
    this.#flush();
  }

  /** What no recovery needs: the events that the checkpoint contains, and checkpoints whose finished ids nobody asks for any more. */
  #forget(contains: number): void {
    const { store, agenda } = this.#options;
    for (; this.#forgottenTo < contains; this.#forgottenTo += 1) {
      if (store.journal.get(this.#forgottenTo)?.kind === 'events') store.journal.remove(this.#forgottenTo);
    }
    for (const [sequence, entry] of store.journal.oldest(2)) {
      if (entry.kind === 'checkpoint' && entry.at < agenda.now - recentMs) store.journal.remove(sequence);
    }
  }
}
