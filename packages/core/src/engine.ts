import { noteConnections } from './allotting.ts';
import { arrive, relocate } from './arrival.ts';
import { takeCensus, walkIndex, type Census } from './census.ts';
import { destinationOf } from './destination.ts';
import { dispatch } from './dispatching.ts';
import type { Step } from './effect.ts';
import type { Input, Instant } from './engine-input.ts';
import { createEngineState, defaultPolicy, type EnginePolicy, type EngineState } from './engine-state.ts';
import { explain, type Explanation } from './explaining.ts';
import { file, steadyDeadline, wallDue } from './filing.ts';
import type { JournalEvent } from './journal.ts';
import { disconnect, hear, welcome } from './leases.ts';
import { noteCheck, takeReport } from './outcome.ts';
import { enforce, lift, reconcileSuspensions, suspend, suspensionOf } from './operation/suspension-gate.ts';
import type { Suspension } from './operation/suspension.ts';
import { takeFound } from './operation/dead-search.ts';
import { meetRevived, purge, revive, type Revival } from './operation/reviving.ts';
import type { KnownCommand } from './operation/work.ts';
import { takeCommand, workOff } from './operation/walking.ts';
import { nextWake, passTime } from './passing-time.ts';
import { relievePinnedLog } from './pinned-log.ts';
import type { Learning } from './learning.ts';
import type { Mail } from './mail.ts';
import type { LimitUse } from './meter.ts';
import { changeShares, noteWritten } from './metering.ts';
import { eligibleMembers } from './member-choice.ts';
import type { RecipientState } from './recipient.ts';
import type { UpstreamReading } from './fleet.ts';
import { finish, notePlaceSeen, settle } from './residence.ts';
import { finishRestoring, replay, restoreMarks, restoreState, restoreTicket, seenOf, type Remains } from './restoring.ts';
import type { Router } from './router.ts';
import type { Attempt } from './sender-table.ts';
import { returnSnapshot, takeSnapshot, type SnapshotWithStates, type StateRecord } from './snapshot.ts';
import type { Lane } from './lane.ts';
import type { LaneTable, NamedLane } from './lane-table.ts';
import type { ShareMap } from './shares/share-table.ts';
import type { ShareUses } from './shares/share-use.ts';
import { shareUsesOf } from './shares/using.ts';
import type { Place, Ticket } from './ticket.ts';
import type { UpstreamHealth } from './upstream-health.ts';
import { steadyRate, type Limits } from './upstream-rules.ts';

export interface EngineOptions {
  /** Above that of every earlier owner of the partition; part of each attempt's id. */
  readonly epoch: number;
  readonly router: Router;
  readonly policy?: EnginePolicy;
  /** What it may use of the policy's limits at first; absent: all of them. */
  readonly shares?: ShareMap | undefined;
}

/** Where a recipient is, and why. */
export interface RecipientView {
  readonly state: RecipientState;
  /** When it is due by the wall clock as that goes now, if it is queued for a time. */
  readonly due?: number;
  /** The upstream that takes it is down, or every one that could take it. */
  readonly upstreamDown: boolean;
  /** A suspension stops it. */
  readonly suspended: boolean;
}

/** An upstream as it is seen now. */
export interface UpstreamView {
  readonly name: string;
  readonly health: UpstreamHealth;
  /** Its limits, and how much of each is taken. */
  readonly limits: readonly LimitUse[];
  /** The same of what was learned about it; none until it complains. */
  readonly learned: readonly LimitUse[];
  /** Its maximum of connections, and how many the senders have or may open; undefined without a maximum. */
  readonly connections: { readonly most: number; readonly inForce: number } | undefined;
  /** Attempts that all connected senders are ready to hold. */
  readonly window: number;
}

/** An upstream by itself, or a group of them. */
export interface DestinationView {
  readonly name: string;
  /** Among the destinations that a census counts. */
  readonly index: number;
  /** The preferred ones first. */
  readonly upstreams: readonly string[];
}

/**
 * The scheduler's core: what goes when, and what came of it. It is told inputs and answers with steps: what to journal, and what to do once
 * that is acknowledged. No clock, no chance, no I/O.
 *
 * To recover: `restoreMarks`, `restoreTicket` for WAIT and then for the logs, `restoreState`, `replay`, `finishRestoring`; then as always.
 */
export class Engine {
  readonly #state: EngineState;

  constructor(options: EngineOptions) {
    this.#state = createEngineState(options.epoch, options.router, options.policy ?? defaultPolicy, options.shares ?? null);
  }

  /** Takes in what happened. Call `takeStep` after one or many of these. */
  handle(input: Input, now: Instant): void {
    this.#look(now);
    handle(this.#state, input, now);
  }

  /** Hands out what the senders have room for, and returns all that has to be journalled and done since the last step. */
  takeStep(now: Instant): Step {
    const state = this.#state;
    this.#look(now);
    workOff(state, now);
    dispatch(state, now);
    trimLogs(state);
    const clock = state.clock.takeChange();
    const step = { records: state.records, effects: state.effects, ...(clock && { clock }) };
    state.records = [];
    state.effects = [];
    return step;
  }

  /** Milliseconds until `handle({ kind: 'time' })` is wanted; null when nothing waits for a time. */
  nextWake(now: Instant): number | null {
    return nextWake(this.#state, now);
  }

  /** Whether an attempt is still with its sender: one that was concluded before its batch was sent must not be sent. */
  isCurrent(attempt: Attempt): boolean {
    return this.#state.senders.attempt(attempt.id) === attempt;
  }

  /** Of these attempts, those that are with this sender: the begin of any other is none of its business any more. */
  heldBy(sender: string, attempts: readonly string[]): string[] {
    return attempts.filter((id) => this.#state.senders.attempt(id)?.sender === sender);
  }

  /** The mail by this id, with the lane that is in force and each recipient's state; undefined when it is not in the index. */
  find(id: string): { readonly ticket: Ticket; readonly lane: NamedLane; readonly recipients: readonly RecipientView[] } | undefined {
    const mail = this.#state.mails.get(id);
    return mail && { ticket: mail.ticket, lane: mail.lane, recipients: mail.states.map((_, recipient) => this.#view(mail, recipient)) };
  }

  /** Why each recipient of a mail is not there yet, in the ticket's order; none for a mail that is not in the index. Call after a step. */
  explain(id: string, now: Instant): Explanation[] {
    const mail = this.#state.mails.get(id);
    return mail ? explain(this.#state, mail, now) : [];
  }

  /** Whether it is at its end, and only its way to DEAD is still to be told. */
  isEnding(id: string): boolean {
    return this.#state.mails.get(id)?.open === 0;
  }

  /** Whether this id finished in the last minutes. */
  finishedLately(id: string): boolean {
    return this.#state.recent.has(id);
  }

  /** Highest sequence that was read of a log or of WAIT. */
  seen(source: Lane | 'wait'): number {
    return source === 'wait' ? this.#state.waitSeen : this.#state.logs[source].seen;
  }

  /** Whether mail can be bound for an upstream, or a group of them, by this name. */
  isDestination(name: string): boolean {
    return this.#state.router.destinations.some((destination) => destination.name === name);
  }

  /** All lanes there are. */
  get lanes(): LaneTable {
    return this.#state.policy.lanes;
  }

  /** Those in force, in the order in which they came into force. */
  get suspensions(): readonly Suspension[] {
    return [...this.#state.suspensions.values()];
  }

  /** How far a command is; undefined when none by this id is remembered. */
  command(id: string): KnownCommand | undefined {
    const { open, ended } = this.#state.commands;
    const work = open.get(id);
    return work ? { command: work.command, dryRun: work.dryRun, progress: work.count.progress } : ended.get(id);
  }

  /** The tallies, counted from the journal, by tenant. */
  get tallies() {
    return this.#state.tallies;
  }

  /** Mails in the index. */
  get size(): number {
    return this.#state.mails.size;
  }

  /** Each upstream's health, and the room that the connected senders together have for it. */
  upstreams(): readonly UpstreamView[] {
    const { upstreams, senders, meters, connectionShares, dispatchedAt } = this.#state;
    const roomOf = (name: string) =>
      [...senders.senders].reduce((sum, { connected, windows }) => sum + (connected ? (windows.get(name) ?? 0) : 0), 0);
    const connectionsOf = (name: string) => {
      const shares = connectionShares.get(name);
      return shares && { most: shares.most, inForce: shares.inForce };
    };
    const limitsOf = (name: string) => meters.ofUpstream(name)?.uses(dispatchedAt.mono) ?? [];
    return upstreams.map(({ name, health, learning }) => ({
      name,
      health,
      limits: limitsOf(name),
      learned: learning?.uses(senders.underWay(name), dispatchedAt.mono) ?? [],
      connections: connectionsOf(name),
      window: roomOf(name),
    }));
  }

  /** Where mail can be bound for: every upstream by itself, and after these the groups. */
  destinations(): readonly DestinationView[] {
    return this.#state.destinations.map(({ name, index, members }) => ({ name, index, upstreams: members.map(({ upstream }) => upstream.name) }));
  }

  /** The configured groups; an upstream by itself is none. */
  groups(): readonly DestinationView[] {
    return this.destinations().slice(this.#state.upstreams.length);
  }

  /** What the wall clock said, or will say, at a time of the monotonic one, as both stood at the last step. */
  readonly wallOf = (mono: number): number => this.#state.dispatchedAt.wall + (mono - this.#state.dispatchedAt.mono);

  /** How the mail for each destination stands, by the router's index; counted at once, without a walk. */
  readDestinations(): readonly Omit<UpstreamReading, 'late'>[] {
    const { destinations, senders } = this.#state;
    return destinations.map((destination) => {
      const { name, ready } = destination;
      const upstreams = destination.members.map(({ upstream }) => upstream);
      const eligible = eligibleMembers(destination);
      // What is down takes nothing, and what stands by for it takes nothing yet.
      const taking = eligible.length > 0 ? eligible : destination.members;
      const capacities = taking.map(({ upstream }) => capacityOf(limitsInForce(this.#state, upstream.name), upstream.learning));
      return {
        name,
        rateLimit: sumOf(capacities.map(({ rateLimit }) => rateLimit)),
        atOnce: sumOf(capacities.map(({ atOnce }) => atOnce)),
        ready: ready.sizes(),
        arrived: [...ready.arrived],
        concluded: sumOf(upstreams.map(({ concluded }) => concluded)),
        tookMs: sumOf(upstreams.map(({ tookMs }) => tookMs)),
        full: ready.size > 0 && !eligible.some(({ upstream }) => senders.roomiest(upstream.name)),
        isUp: upstreams.some(({ health }) => health.kind !== 'down'),
      };
    });
  }

  /** All limits that are used, by key, and how much of each is taken as of the last step. */
  limits(): readonly { readonly key: string; readonly uses: readonly LimitUse[] }[] {
    const { meters, dispatchedAt } = this.#state;
    return [...meters.all].map((meter) => ({ key: meter.key, uses: meter.uses(dispatchedAt.mono) }));
  }

  /** How far what this engine has of each limit is used, and whether mail waits for it. */
  shareUses(now: Instant): ShareUses {
    return shareUsesOf(this.#state, now);
  }

  /** Connected senders, and how many attempts each holds. */
  senders(): readonly { readonly id: string; readonly held: number }[] {
    const connected = [...this.#state.senders.senders].filter((sender) => sender.connected);
    return connected.map(({ id, held }) => ({ id, held: [...held.values()].reduce((sum, count) => sum + count, 0) }));
  }

  /** The index, counted at once: with many mails that takes long. `now`: wall clock. */
  census(now: number): Census {
    return takeCensus(this.#state, now);
  }

  /** The same in pieces: see walkIndex. */
  countIndex(now: number): Generator<undefined, Census> {
    return walkIndex(this.#state, now);
  }

  /** Call right after `takeStep`: the snapshot contains everything up to that step's last record. */
  takeSnapshot(): SnapshotWithStates {
    return takeSnapshot(this.#state);
  }

  /** Call when the checkpoint that a snapshot was taken for could not be made. */
  returnSnapshot(taken: SnapshotWithStates): void {
    returnSnapshot(this.#state, taken);
  }

  restoreMarks(remains: Remains, now: Instant): void {
    restoreMarks(this.#state, remains, now);
  }

  restoreTicket(ticket: Ticket, place: Place, revival?: Revival): void {
    restoreTicket(this.#state, ticket, place, revival);
  }

  restoreState(record: StateRecord, asOf: number, sequence: number): void {
    restoreState(this.#state, record, asOf, sequence);
  }

  replay(event: JournalEvent, sequence: number): void {
    replay(this.#state, event, sequence);
  }

  /** Last but one: the suspensions in force, before anything is dispatched. */
  restoreSuspensions(suspensions: readonly Suspension[]): void {
    for (const suspension of suspensions) enforce(this.#state, suspension);
  }

  finishRestoring(now: Instant): void {
    finishRestoring(this.#state, now);
  }

  /** The same time by the steady clock: what durations are measured by, in one process and from one owner to the next. */
  steady(wall: number): number {
    return this.#state.clock.steady(wall);
  }

  /** For how long from now a mail is useful, milliseconds; undefined for ever. */
  usefulForMs(mail: Mail, now: Instant): number | undefined {
    const { clock } = this.#state;
    return mail.ticket.deadline === undefined ? undefined : steadyDeadline(clock, mail) - clock.steady(now.wall);
  }

  /** What a jump of the wall clock makes due is due at once, though nobody was woken for it. */
  #look(now: Instant): void {
    if (this.#state.clock.look(now, this.#seen)) passTime(this.#state, now);
  }

  readonly #seen = () => seenOf(this.#state);

  #view(mail: Mail, recipient: number): RecipientView {
    const destination = this.#state.destinations[destinationOf(this.#state.router, mail, recipient)];
    const upstreamDown = destination?.members.every(({ upstream }) => upstream.health.kind === 'down') ?? false;
    const state = mail.states[recipient] as RecipientState;
    const due = state.kind === 'queued' && state.due > 0 ? { due: wallDue(this.#state.clock, state) } : {};
    return { state, ...due, upstreamDown, suspended: suspensionOf(this.#state, mail, recipient) !== undefined };
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** What is in force, or what was learned where that is less. */
function capacityOf(
  limits: Limits & { readonly maxConnections: number },
  learning: Learning | undefined,
): Pick<UpstreamReading, 'rateLimit' | 'atOnce'> {
  const { perSecond = Infinity, atOnce = Infinity } = learning ?? {};
  const { concurrency = Infinity, maxConnections } = limits;
  return { rateLimit: Math.min(steadyRate(limits), perSecond), atOnce: Math.min(concurrency, maxConnections, atOnce) };
}

function limitsInForce({ meters, connectionShares }: EngineState, upstream: string): Limits & { readonly maxConnections: number } {
  return { ...meters.ofUpstream(upstream)?.share, maxConnections: connectionShares.get(upstream)?.most ?? Infinity };
}

function handle(state: EngineState, input: Input, now: Instant): void {
  switch (input.kind) {
    case 'arrived':
      if (input.revival) return meetRevived(state, input.ticket, input.place, input.revival, now);
      return arrive(state, input.ticket, input.place, now);
    case 'revived':
      return revive(state, input.ticket, input.place, input.revival, now);
    case 'purged':
      return purge(state, input.letter, input.command, now);
    case 'found':
      return takeFound(state, input, now);
    case 'hole':
      return passHole(state, input.lane, input.from, input.to);
    case 'wait passed':
      return notePlaceSeen(state, { kind: 'wait', sequence: input.upTo });
    case 'hello':
      return welcome(state, input, now);
    case 'heartbeat':
      return hear(state, input.sender, now);
    case 'credit':
      state.senders.find(input.sender)?.windows.set(input.upstream, input.window);
      noteConnections(state, input.sender, input, now);
      return hear(state, input.sender, now);
    case 'begun':
      noteBegun(state, input.attempts);
      return hear(state, input.sender, now);
    case 'reported':
      for (const outcome of input.outcomes) takeReport(state, outcome, now, true);
      state.effects.push({ kind: 'acknowledge', sender: input.sender, attempts: input.outcomes.map(({ attempt }) => attempt) });
      return hear(state, input.sender, now);
    case 'checked':
      noteCheck(state, input.upstream, input.ok ? null : input.trouble, now);
      return hear(state, input.sender, now);
    case 'written':
      noteWritten(state, input.attempts, now);
      return hear(state, input.sender, now);
    case 'shares changed':
      return changeShares(state, input.shares, now);
    case 'disconnected':
      return disconnect(state, input.sender, now);
    case 'measured':
      return relievePinnedLog(state, input.lane, input.bytes, input.limitBytes);
    case 'copied':
      return copied(state, input.id, input.sequence, now);
    case 'not copied':
      return stayPut(state, input.id, now);
    case 'buried':
      return buried(state, input.id, input.sequence ?? 0, now);
    case 'command':
      return takeCommand(state, input.command, input.dryRun, now);
    case 'suspend':
      return suspend(state, input.suspension, now);
    case 'lift':
      return lift(state, input.id, input.by, now);
    case 'suspensions':
      return reconcileSuspensions(state, input.suspensions, now);
    case 'workOn':
      state.commands.pieceUnderWay = false;
      return;
    case 'state written':
      return noteState(state, input.id, input.sequence);
    case 'time':
      return passTime(state, now);
  }
}

function passHole(state: EngineState, lane: Lane, from: number, to: number): void {
  state.logs[lane].finished.finishRange(from, to);
  state.trims.add(lane);
  notePlaceSeen(state, { kind: 'log', lane, sequence: to });
}

function noteBegun(state: EngineState, attempts: readonly string[]): void {
  for (const id of attempts) {
    const attempt = state.senders.attempt(id);
    if (attempt) attempt.begun = true;
  }
}

function copied(state: EngineState, id: string, sequence: number, now: Instant): void {
  const mail = state.mails.get(id);
  const place: Place = { kind: 'wait', sequence };
  if (!mail) return void state.effects.push({ kind: 'removeWaiting', sequence });
  // The reader of WAIT may have met the copy first.
  if (mail.place.kind === 'log') relocate(state, mail, place, now);
  stayPut(state, id, now);
}

function stayPut(state: EngineState, id: string, now: Instant): void {
  const mail = state.mails.get(id);
  if (mail?.copying !== 'to WAIT') return;
  mail.copying = 'no';
  if (mail.open === 0) finish(state, mail, now.wall);
  else file(state, mail, now);
}

function buried(state: EngineState, id: string, sequence: number, now: Instant): void {
  state.deadSeen = Math.max(state.deadSeen, sequence);
  const mail = state.mails.get(id);
  if (mail?.copying === 'to DEAD') settle(state, mail, now.wall);
}

function noteState(state: EngineState, id: string, sequence: number): void {
  const mail = state.mails.get(id);
  if (mail) mail.stateSequence = sequence;
  else state.staleStates.push(sequence);
}

/** A pinned log has nothing to trim however much is finished above. */
function trimLogs(state: EngineState): void {
  for (const lane of state.trims) {
    const log = state.logs[lane];
    const upTo = log.finished.mark;
    if (upTo > log.trimmed) state.effects.push({ kind: 'trim', lane, upTo });
    log.trimmed = upTo;
  }
  state.trims.clear();
}
