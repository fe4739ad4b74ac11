import type { Effect, JournalRecord, Step } from '../effect.ts';
import { Engine } from '../engine.ts';
import type { EnginePolicy } from '../engine-state.ts';
import { begunBy, type Input, type Instant } from '../engine-input.ts';
import { lanes, type Lane } from '../lane.ts';
import { burialIdOf, type Mail } from '../mail.ts';
import type { Command } from '../operation/command.ts';
import { namedInDeadLetter } from '../operation/dead-search.ts';
import type { DeadLetter } from '../operation/reviving.ts';
import type { Router } from '../router.ts';
import { budgetsOf } from '../shares/share-table.ts';
import type { SnapshotWithStates } from '../snapshot.ts';
import type { Random } from './random.ts';
import type { VirtualLink } from './virtual-link.ts';
import { recover } from './virtual-recovery.ts';
import { VirtualShareKeeper, type VirtualShares } from './virtual-shares.ts';
import { placeOf, sources, type Source, type VirtualStore } from './virtual-store.ts';
import type { Witness } from './witness.ts';

export interface VirtualSchedulerOptions {
  readonly store: VirtualStore;
  readonly epoch: number;
  readonly router: Router;
  readonly policy: EnginePolicy;
  /** Null: it has all limits to itself. */
  readonly shares: VirtualShares | null;
  readonly random: Random;
  readonly witness: Witness;
  readonly bootedAt: number;
  /** How far the wall clock is ahead of the time that passes. */
  readonly skew: () => number;
}

const silenceMs = 5_000;

/** Something that takes a while: first it happens at the server, later one hears of it. A crash can come before, between and after. */
interface Job {
  readonly name: 'append' | 'trim' | 'remove' | 'copy' | 'bury' | 'work on' | 'search' | 'write state';
  readonly land: () => void;
  readonly done: (now: number) => void;
  landed: boolean;
}

type Waiting = Step | { readonly mark: (sequence: number, now: number) => void };

/** The scheduler around the engine: journals its steps, carries out their effects after the acknowledgement, makes checkpoints. */
export class VirtualScheduler {
  readonly engine: Engine;
  readonly #options: VirtualSchedulerOptions;
  readonly #keeper: VirtualShareKeeper | null;
  readonly #readTo: Record<Source, number>;
  readonly #sessions = new Map<string, VirtualLink>();
  #links: VirtualLink[] = [];
  #waiting: Waiting[] = [];
  #jobs: Job[] = [];
  #checkpointing = false;

  constructor(options: VirtualSchedulerOptions) {
    this.#options = options;
    const { store, epoch, router, policy, bootedAt } = options;
    store.journal.append({ kind: 'events', epoch, events: [] });
    this.#keeper =
      options.shares && new VirtualShareKeeper(options.shares, { partition: 0, partitions: 2, epoch, budgets: budgetsOf(policy), since: 0 });
    this.engine = new Engine({ epoch, router, policy, shares: this.#keeper?.holder.inForce });
    recover(store, this.engine, this.#instant(bootedAt));
    this.#readTo = Object.fromEntries(sources.map((source) => [source, this.engine.seen(source)])) as Record<Source, number>;
    this.step(bootedAt);
  }

  get idle(): boolean {
    const { store } = this.#options;
    const unread = sources.some((source) => store.mail[source].from(this.#readTo[source] + 1).length > 0);
    return !unread && this.#jobs.length === 0 && this.#waiting.length === 0 && !this.#checkpointing;
  }

  connect(link: VirtualLink): void {
    this.#links.push(link);
  }

  read(now: number): void {
    const { store, random } = this.#options;
    const unread = sources.filter((source) => store.mail[source].last > this.#readTo[source]);
    const source = random.pick(unread);
    if (source) for (let count = random.between(1, 3); count > 0; count -= 1) this.#readNext(source, now);
  }

  /** Reads all that there is. */
  catchUp(now: number): void {
    for (const source of sources) while (this.#readTo[source] < this.#options.store.mail[source].last) this.#readNext(source, now);
  }

  /** Hears one word of a sender, or that its stream has ended. */
  hear(now: number): void {
    const link = this.#options.random.pick(this.#links.filter(({ open, toScheduler }) => !open || toScheduler.length > 0));
    const said = link?.toScheduler.shift();
    if (!link) return;
    if (!said) return this.#leave(link, now);
    if (said.input.kind === 'hello') this.#sessions.set(link.sender, link);
    if (this.#sessions.get(link.sender) !== link) return;
    this.engine.handle(said.input, this.#instant(now));
    this.#options.witness.noteInput(said.input);
    this.#confirm(link, begunBy(said.input));
    link.toSender.push({ kind: 'heard', saidAt: said.saidAt });
  }

  /** A stream on which nothing was heard for so long is ended, and what is under way on it is lost. */
  tellTime(now: number): void {
    for (const link of this.#links) {
      if ((link.toScheduler[0]?.saidAt ?? now) < now - silenceMs) link.cut();
    }
    this.engine.handle({ kind: 'time' }, this.#instant(now));
  }

  nextWake(now: number): number | null {
    return this.engine.nextWake(this.#instant(now));
  }

  operate(input: Extract<Input, { kind: 'command' | 'suspend' | 'lift' }>, now: number): void {
    this.engine.handle(input, this.#instant(now));
  }

  /** A step further in dividing limits with the other partition. */
  divide(now: number): void {
    const at = this.#instant(now);
    this.#keeper?.work(
      this.#options.random,
      () => this.engine.shareUses(at),
      at.mono,
      (shares) => this.engine.handle({ kind: 'shares changed', shares }, at),
    );
  }

  /** As if every log were full. */
  measure(now: number): void {
    const lane = this.#options.random.pick(lanes) as Lane;
    const bytes = this.#options.store.mail[lane].size * 1_500;
    this.engine.handle({ kind: 'measured', lane, bytes, limitBytes: bytes }, this.#instant(now));
  }

  step(now: number): void {
    const step = this.engine.takeStep(this.#instant(now));
    this.#options.witness.noteStep(step, this.#instant(now).wall, now);
    this.#options.witness.checkExplanations(this.engine, this.#instant(now));
    this.#options.witness.checkLearned(this.engine);
    if (step.records.length > 0 || step.effects.length > 0 || step.clock) this.#waiting.push(step);
    this.#flush(now);
  }

  /** One thing that is under way goes a step further. */
  work(now: number): void {
    const job = this.#options.random.pick(this.#jobs);
    if (!job) return;
    if (!job.landed) {
      job.landed = true;
      job.land();
    } else {
      this.#jobs = this.#jobs.filter((other) => other !== job);
      job.done(now);
    }
  }

  /** What the snapshot speaks of is journalled, and what it calls gone is gone, before the checkpoint says so. */
  makeCheckpoint(now: number): void {
    if (this.#checkpointing) return;
    this.#checkpointing = true;
    this.step(now);
    const taken = this.engine.takeSnapshot();
    this.#waiting.push({ mark: (contains, at) => this.#writeStates(taken, contains, at) });
    this.#flush(now);
  }

  /** Dies. What was under way may have reached the server all the same. */
  crash(): void {
    for (const job of this.#jobs) if (!job.landed && this.#options.random.chance(0.5)) job.land();
    for (const link of this.#links) link.cut();
    this.#keeper?.crash();
  }

  #confirm(link: VirtualLink, begun: readonly string[]): void {
    const held = this.engine.heldBy(link.sender, begun);
    const foreign = begun.filter((attempt) => !held.includes(attempt));
    if (held.length > 0) link.toSender.push({ kind: 'confirm', attempts: held });
    if (foreign.length > 0) link.toSender.push({ kind: 'cancel', attempts: foreign });
  }

  #instant(now: number): Instant {
    return { wall: now + this.#options.skew(), mono: now - this.#options.bootedAt };
  }

  #readNext(source: Source, now: number): void {
    const sequence = this.#readTo[source] + 1;
    const { mail } = this.#options.store;
    if (sequence > mail[source].last) return;
    this.#readTo[source] = sequence;
    const entry = mail[source].get(sequence);
    if (entry?.ticket)
      this.engine.handle({ kind: 'arrived', ticket: entry.ticket, place: placeOf(source, sequence), revival: entry.revival }, this.#instant(now));
    else if (source !== 'wait') this.engine.handle({ kind: 'hole', lane: source, from: sequence, to: sequence }, this.#instant(now));
  }

  #leave(link: VirtualLink, now: number): void {
    this.#links = this.#links.filter((other) => other !== link);
    if (this.#sessions.get(link.sender) !== link) return;
    this.#sessions.delete(link.sender);
    this.engine.handle({ kind: 'disconnected', sender: link.sender }, this.#instant(now));
  }

  #flush(now: number): void {
    if (this.#jobs.some(({ name }) => name === 'append')) return;
    const first = this.#waiting[0];
    if (!first) return;
    if ('mark' in first) {
      this.#waiting.shift();
      first.mark(this.#options.store.journal.last, now);
      return this.#flush(now);
    }
    const cut = this.#waiting.findIndex((waiting) => 'mark' in waiting);
    this.#append(this.#waiting.splice(0, cut < 0 ? Infinity : cut) as Step[], now);
  }

  #append(steps: readonly Step[], now: number): void {
    const records = steps.flatMap((step) => step.records);
    const clock = steps.findLast((step) => step.clock)?.clock;
    const acknowledged = (at: number) => {
      for (const step of steps) for (const effect of step.effects) this.#perform(effect, at);
      this.#flush(at);
    };
    if (records.length === 0 && !clock) return acknowledged(now);
    // A long batch takes two entries; the crash may come between them.
    const cut = this.#options.random.chance(0.2) ? this.#options.random.below(records.length) : 0;
    const rest = () => this.#start('append', () => this.#record(records.slice(cut), cut === 0 ? clock : undefined), acknowledged);
    if (cut === 0) rest();
    else this.#start('append', () => this.#record(records.slice(0, cut), clock), rest);
  }

  #record(records: readonly JournalRecord[], clock: Step['clock']): void {
    const { store, epoch, witness } = this.#options;
    const events = records.map(({ event }) => event);
    store.journal.append({ kind: 'events', epoch, events, clock });
    witness.noteJournal(events, clock);
  }

  #perform(effect: Effect, now: number): void {
    const { store } = this.#options;
    switch (effect.kind) {
      case 'send': {
        const current = effect.attempts.filter((attempt) => this.engine.isCurrent(attempt));
        const deadlines = current.map(({ mail }) => now + (this.engine.usefulForMs(mail, this.#instant(now)) ?? Infinity));
        return void this.#sessions.get(effect.sender)?.toSender.push({ kind: 'batch', attempts: current, deadlines });
      }
      case 'acknowledge':
      case 'cancel':
        return void this.#sessions.get(effect.sender)?.toSender.push({ kind: effect.kind, attempts: effect.attempts });
      case 'dismiss':
        return void this.#sessions.get(effect.sender)?.end();
      case 'trim':
        return this.#start('trim', () => store.mail[effect.lane].purgeUpTo(effect.upTo));
      case 'removeWaiting':
        return this.#start('remove', () => store.mail.wait.remove(effect.sequence));
      case 'copy':
        return this.#copy(effect.mail);
      case 'bury':
        return this.#bury(effect.mail);
      case 'allot': {
        const { kind, sender, upstream, connections, number } = effect;
        if (!this.engine.isAllotted(effect)) return;
        return void this.#sessions.get(sender)?.toSender.push({ kind, upstream, connections, number });
      }
      case 'removeBody':
        return;
      case 'removeDead':
        return this.#start('remove', () => store.removeDead(effect.id, effect.upTo));
      case 'searchDead':
        return this.#start(
          'search',
          () => {},
          (now) => this.#searchDead(effect.command, effect.dryRun, now),
        );
      case 'workOn':
        return this.#start(
          'work on',
          () => {},
          (now) => this.engine.handle({ kind: 'workOn' }, this.#instant(now)),
        );
    }
  }

  #copy({ ticket }: Mail): void {
    const { random, store, witness } = this.#options;
    const { id } = ticket;
    let sequence = 0;
    const land = () => void (random.chance(0.1) || (sequence = store.writeCopy(ticket)));
    this.#start('copy', land, (now) => {
      this.engine.handle(sequence > 0 ? { kind: 'copied', id, sequence } : { kind: 'not copied', id }, this.#instant(now));
      witness.noteCopyEnded(id);
    });
  }

  #bury(mail: Mail): void {
    const { store, witness } = this.#options;
    const { ticket, states } = mail;
    const { id } = ticket;
    let sequence = 0;
    this.#start(
      'bury',
      () => {
        sequence = store.bury(burialIdOf(mail), { ticket, states: [...states] });
        witness.noteBurial(id, sequence);
      },
      (now) => this.engine.handle({ kind: 'buried', id, sequence }, this.#instant(now)),
    );
  }

  #searchDead(command: Command, dryRun: boolean, now: number): void {
    const letters = this.#options.store.dead
      .from(0)
      .map(([sequence, { ticket, states }]) => ({ ticket, sequence, upTo: this.#options.store.dead.last, states }));
    let left = 1;
    const over = (at: number) => (left -= 1) === 0 && this.engine.handle({ kind: 'found', command: command.id, over: true }, this.#instant(at));
    for (const letter of letters) {
      const recipients = namedInDeadLetter(command.selector, letter);
      const found = { kind: 'found', command: command.id } as const;
      if (recipients.length === 0) continue;
      if (this.engine.find(letter.ticket.id)) this.engine.handle({ ...found, unchanged: 'NOT_APPLICABLE' }, this.#instant(now));
      else if (dryRun) this.engine.handle({ ...found, changed: recipients.length }, this.#instant(now));
      else if (command.verb.kind === 'purge') this.engine.handle({ kind: 'purged', letter, command: command.id }, this.#instant(now));
      else {
        left += 1;
        this.#revive(command.id, letter, recipients, over);
      }
    }
    over(now);
  }

  #revive(command: string, { ticket, sequence, upTo, states }: DeadLetter, recipients: readonly number[], done: (now: number) => void): void {
    const revival = { sequence, upTo, states, recipients, command, author: 'kim', comment: '' };
    let copy = 0;
    this.#start(
      'copy',
      () => void (copy = this.#options.store.mail.wait.append({ ticket, revival })),
      (now) => {
        this.engine.handle({ kind: 'revived', ticket, place: { kind: 'wait', sequence: copy }, revival }, this.#instant(now));
        done(now);
      },
    );
  }

  #writeStates(taken: SnapshotWithStates, asOf: number, now: number): void {
    let left = taken.changed.length;
    const afterwards = (at: number) => left === 0 && this.#awaitRemovals(taken, asOf, at);
    for (const record of taken.changed) {
      let sequence = 0;
      this.#start(
        'write state',
        () => void (sequence = this.#options.store.writeState({ ...record, asOf })),
        (at) => {
          this.engine.handle({ kind: 'state written', id: record.id, sequence }, this.#instant(at));
          left -= 1;
          afterwards(at);
        },
      );
    }
    afterwards(now);
  }

  #awaitRemovals(taken: SnapshotWithStates, contains: number, now: number): void {
    const removals = this.#jobs.filter(({ name }) => name === 'remove').length;
    if (removals === 0) return this.#appendCheckpoint(taken, contains, now);
    this.#start(
      'write state',
      () => {},
      (at) => this.#awaitRemovals(taken, contains, at),
    );
  }

  /** The entries of STATE that are of no more use go last: until the new checkpoint stands, a recovery starts from the one that needs them. */
  #appendCheckpoint(taken: SnapshotWithStates, contains: number, now: number): void {
    const { store } = this.#options;
    if (this.#jobs.some(({ name }) => name === 'append'))
      return this.#start(
        'write state',
        () => {},
        (at) => this.#appendCheckpoint(taken, contains, at),
      );
    this.#start(
      'append',
      () => void store.journal.append({ kind: 'checkpoint', at: now, contains, snapshot: taken.snapshot }),
      (at) => {
        this.#checkpointing = false;
        for (const sequence of taken.stale) this.#start('remove', () => store.state.remove(sequence));
        this.#flush(at);
      },
    );
  }

  #start(name: Job['name'], land: () => void, done: (now: number) => void = () => {}): void {
    this.#jobs.push({ name, land, done, landed: false });
  }
}
