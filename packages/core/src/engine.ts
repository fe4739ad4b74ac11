import { type Census, takeCensus, walkIndex } from './census.ts';
import { dispatch } from './dispatching.ts';
import type { Effect, Step } from './effect.ts';
import type { Input, Instant } from './engine-input.ts';
import { createEngineState, defaultPolicy, type EnginePolicy, type EngineState } from './engine-state.ts';
import { explain, type Explanation } from './explaining.ts';
import { steadyDeadline } from './filing.ts';
import type { JournalEvent } from './journal.ts';
import type { LaneTable, NamedLane } from './lane-table.ts';
import type { Lane } from './lane.ts';
import type { Mail } from './mail.ts';
import type { Revival } from './operation/reviving.ts';
import { enforce } from './operation/suspension-gate.ts';
import type { Suspension } from './operation/suspension.ts';
import { workOff } from './operation/walking.ts';
import type { KnownCommand } from './operation/work.ts';
import { nextWake, passTime } from './passing-time.ts';
import { finishRestoring, type Remains, replay, restoreMarks, restoreState, restoreTicket, seenOf } from './restoring.ts';
import type { Router } from './router.ts';
import type { Attempt } from './sender-table.ts';
import type { ShareMap } from './shares/share-table.ts';
import type { ShareUses } from './shares/share-use.ts';
import { shareUsesOf } from './shares/using.ts';
import { returnSnapshot, type SnapshotWithStates, type StateRecord, takeSnapshot } from './snapshot.ts';
import type { Place, Ticket } from './ticket.ts';
import { handle } from './handling.ts';
import {
  readDestinations,
  viewDestinations,
  viewLimits,
  viewRecipient,
  viewSenders,
  viewUpstreams,
  type DestinationReading,
  type DestinationView,
  type LimitView,
  type RecipientView,
  type SenderView,
  type UpstreamView,
} from './viewing.ts';

export interface EngineOptions {
  /** Above that of every earlier owner of the partition; part of each attempt's id. */
  readonly epoch: number;
  readonly router: Router;
  readonly policy?: EnginePolicy;
  /** What it may use of the policy's limits at first; absent: all of them. */
  readonly shares?: ShareMap | undefined;
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

  /** Whether an allotment was made for the stream that its sender has now: one that was journalled meanwhile for an earlier stream must not be sent. */
  isAllotted(allotment: Extract<Effect, { kind: 'allot' }>): boolean {
    return this.#state.connectionShares.get(allotment.upstream)?.isOfThisStream(allotment) ?? false;
  }

  /** Of these attempts, those that are with this sender: the begin of any other is none of its business any more. */
  heldBy(sender: string, attempts: readonly string[]): string[] {
    return attempts.filter((id) => this.#state.senders.attempt(id)?.sender === sender);
  }

  /** The mail by this id, with the lane that is in force and each recipient's state; undefined when it is not in the index. */
  find(id: string): { readonly ticket: Ticket; readonly lane: NamedLane; readonly recipients: readonly RecipientView[] } | undefined {
    const mail = this.#state.mails.get(id);
    return (
      mail && { ticket: mail.ticket, lane: mail.lane, recipients: mail.states.map((_, recipient) => viewRecipient(this.#state, mail, recipient)) }
    );
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
    return viewUpstreams(this.#state);
  }

  /** Where mail can be bound for: every upstream by itself, and after these the groups. */
  destinations(): readonly DestinationView[] {
    return viewDestinations(this.#state);
  }

  /** The configured groups; an upstream by itself is none. */
  groups(): readonly DestinationView[] {
    return this.destinations().slice(this.#state.upstreams.length);
  }

  /** What the wall clock said, or will say, at a time of the monotonic one, as both stood at the last step. */
  readonly wallOf = (mono: number): number => this.#state.dispatchedAt.wall + (mono - this.#state.dispatchedAt.mono);

  /** How the mail for each destination stands, by the router's index; counted at once, without a walk. */
  readDestinations(): readonly DestinationReading[] {
    return readDestinations(this.#state);
  }

  /** All limits that are used, by key, and how much of each is taken as of the last step. */
  limits(): readonly LimitView[] {
    return viewLimits(this.#state);
  }

  /** How far what this engine has of each limit is used, and whether mail waits for it. */
  shareUses(now: Instant): ShareUses {
    return shareUsesOf(this.#state, now);
  }

  /** Connected senders, and how many attempts each holds. */
  senders(): readonly SenderView[] {
    return viewSenders(this.#state);
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
