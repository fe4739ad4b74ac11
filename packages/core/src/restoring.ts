import { admit } from './arrival.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { expire, file, isPastDeadline } from './filing.ts';
import { FinishedLog } from './finished-log.ts';
import { isOfMail, type JournalEvent, type Revived } from './journal.ts';
import { lanes, type Lane } from './lane.ts';
import { restoreLimits } from './limits-snapshot.ts';
import { detour, noteFormer, setState, type Mail } from './mail.ts';
import { takeSlots } from './metering.ts';
import { replayCommand, restoreCommands } from './operation/commands-snapshot.ts';
import { isForDeadLetters, searchDead } from './operation/dead-search.ts';
import { isSpent, type Revival } from './operation/reviving.ts';
import { spendRevival } from './operation/spent-revivals.ts';
import { isFinal } from './recipient.ts';
import { resolveDoubts } from './outcome.ts';
import { applyTo } from './recording.ts';
import { finish, noteMoved, notePlaceSeen, vacate } from './residence.ts';
import type { Attempt } from './sender-table.ts';
import type { Snapshot, StateRecord } from './snapshot.ts';
import type { ClockMarks, ClockPeriod } from './steady-clock.ts';
import { count, noTally } from './tally.ts';
import type { Place, Ticket } from './ticket.ts';

/** How a log stands at its server. */
export interface LogExtent {
  /** Lowest sequence that is there, or would be the next. */
  readonly first: number;
  /** Highest sequence ever given; 0 for none. */
  readonly last: number;
  /** The stream is the one that the checkpoint speaks of. */
  readonly sameStream: boolean;
}

/** What the journal says of the clock, and the sequence of the entry that says it. */
export interface RecordedClock extends ClockMarks {
  readonly sequence: number;
}

export interface Remains {
  readonly snapshot: Snapshot | null;
  /** Since the checkpoint, with the journal sequence of the entry that each stood in, and the epoch of who wrote it. */
  readonly events: readonly { readonly sequence: number; readonly epoch: number; readonly event: JournalEvent }[];
  readonly extents: Readonly<Record<Lane | 'wait', LogExtent>>;
  /** What the journal said last of the clock since the checkpoint. */
  readonly clock?: RecordedClock | undefined;
  /** Highest sequence ever given in DEAD; 0 for none. */
  readonly deadLast: number;
  /** Finished in the checkpoints of the last minutes. */
  readonly finishedIds: readonly string[];
}

/**
 * First step of recovery: how far each stream had been read, what is finished, and what was counted. A stream that went backwards (a power
 * cut in fast mode) gives its sequences to other mail: what was said of sequences beyond its end is void, and the ids decide.
 */
export function restoreMarks(state: EngineState, remains: Remains, now: Instant): void {
  for (const lane of lanes) restoreLog(state, lane, remains);
  restoreWait(state, remains);
  state.deadSeen = remains.deadLast;
  for (const [tenant, tally] of remains.snapshot?.tallies ?? []) state.tallies.set(tenant, { ...noTally, ...tally });
  restoreCommands(state.commands, remains.snapshot?.commands);
  for (const [id, sequence] of remains.snapshot?.spentRevivals ?? []) spendRevival(state.spentRevivals, id, sequence);
  for (const { event } of remains.events) {
    count(state.tallies, event);
    replayCommand(state.commands, event);
    if (event.kind === 'accepted') notePlaceSeen(state, event.place);
    else if (event.kind === 'moved' || event.kind === 'revived') noteMoved(state, event.place);
  }
  for (const lane of lanes) state.logs[lane].seen = Math.min(state.logs[lane].seen, remains.extents[lane].last);
  state.waitSeen = Math.min(state.waitSeen, remains.extents.wait.last);
  restoreClock(state, remains, now);
  for (const id of remains.finishedIds) state.recent.add(id, state.clock.now);
  restoreLimits(state, remains, now);
}

/**
 * What the last event's time says goes beyond the marks: an owner tells of its clock only when it has jumped. An event from before that was timed by the clock as it
 * went before the jump.
 */
function restoreClock(state: EngineState, { snapshot, events, clock }: Remains, now: Instant): void {
  const marks = clock ?? snapshot?.clock;
  const last = events.findLast(({ sequence }) => sequence > (clock?.sequence ?? -Infinity))?.event.at;
  const lastAt = Math.max(marks?.at ?? -Infinity, last === undefined ? -Infinity : last - (marks?.skewMs ?? 0));
  state.clock.restore(marks, lastAt, now, () => seenOf(state));
}

/** What has been read of each log and of WAIT. */
export function seenOf({ logs, waitSeen: wait }: EngineState): ClockPeriod['seen'] {
  return { immediate: logs.immediate.seen, high: logs.high.seen, normal: logs.normal.seen, low: logs.low.seen, wait };
}

function restoreWait(state: EngineState, { snapshot, extents }: Remains): void {
  if (!snapshot || !extents.wait.sameStream) return;
  state.waitSeen = snapshot.waitSeen;
  for (const sequence of snapshot.waitAhead) state.waitAhead.add(sequence);
}

function restoreLog(state: EngineState, lane: Lane, { snapshot, extents }: Remains): void {
  const extent = extents[lane];
  const log = state.logs[lane];
  const said = extent.sameStream ? snapshot?.logs[lane] : undefined;
  log.finished = new FinishedLog(
    Math.min(Math.max(said?.mark ?? 0, extent.first - 1), extent.last),
    (said?.finished ?? []).filter(([from]) => from <= extent.last).map(([from, to]) => [from, Math.min(to, extent.last)]),
  );
  // What was trimmed had been seen, even where nothing says so: a replayed publish is dropped without a word in the journal.
  log.seen = Math.max(said?.seen ?? 0, log.finished.mark);
}

/**
 * Second step: every entry of WAIT, to its end, then those of the logs that had been read. What has not been read is passed over here and
 * arrives later in the usual way.
 */
export function restoreTicket(state: EngineState, ticket: Ticket, place: Place, revival?: Revival): void {
  if (!wasSeen(state, place)) return;
  const known = state.mails.get(ticket.id);
  if (known && known.place.kind === place.kind && known.place.sequence === place.sequence) return;
  if (known || (revival ? isSpent(state, ticket.id, revival) : state.recent.has(ticket.id))) vacate(state, place);
  // That it was revived, only STATE and the journal say: the copy may have been passed over, while the mail was still being buried.
  else admit(state, ticket, place);
}

function wasSeen(state: EngineState, place: Place): boolean {
  if (place.kind === 'wait') return place.sequence <= state.waitSeen || state.waitAhead.has(place.sequence);
  const log = state.logs[place.lane];
  return place.sequence <= log.seen && !log.finished.has(place.sequence);
}

/** Third step: the entries of STATE, which hold everything up to journal sequence `asOf`. One without its mail is a leftover. */
export function restoreState(state: EngineState, record: StateRecord, asOf: number, sequence: number): void {
  const mail = state.mails.get(record.id);
  if (!mail) {
    state.staleStates.push(sequence);
    return;
  }
  mail.stateSequence = sequence;
  mail.asOf = asOf;
  record.states.forEach((recipientState, recipient) => setState(mail, recipient, recipientState));
  const { lane, furtherLane, former } = record;
  if (former) noteFormer(mail, former);
  if (lane) mail.lane = state.policy.lanes.of({ lane, furtherLane });
  record.detours?.forEach((upstream, recipient) => upstream !== null && detour(mail, [recipient], upstream));
}

/** Fourth step: the journal since the checkpoint, in order. */
export function replay(state: EngineState, event: JournalEvent, sequence: number): void {
  if (!isOfMail(event) || event.kind === 'accepted' || event.kind === 'moved') return;
  const mail = state.mails.get(event.id);
  if (event.kind === 'revived') replayRevival(state, event, mail);
  if (!mail) rememberFinished(state, event.id);
  else if (sequence > mail.asOf) {
    applyTo(state, mail, event);
    state.changed.add(mail);
  }
}

/** The crash may have come before its entry in DEAD went. */
function replayRevival(state: EngineState, { id, sequence, upTo }: Revived, mail: Mail | undefined): void {
  state.effects.push({ kind: 'removeDead', id, upTo, withBody: false });
  // Its copy in WAIT may be gone, and the mail stand here by the entry of its first life: it was revived all the same, and other copies must not do it again.
  if (mail) noteFormer(mail, { sequence, upTo });
  else spendRevival(state.spentRevivals, id, upTo);
}

/** Its entry is gone, so it was finished as a whole; no checkpoint has said so yet. When it was is of no use: the wall clock may have jumped between. */
function rememberFinished(state: EngineState, id: string): void {
  if (state.recent.has(id)) return;
  state.recent.add(id, state.clock.now);
  state.finishedIds.push(id);
}

/** Last step: what was being sent is with its senders until they say hello or their leases end; all else is filed. */
export function finishRestoring(state: EngineState, now: Instant): void {
  if (state.epoch > 1) state.raisesFrom = now.mono + state.policy.senderLeaseMs;
  for (const lane of lanes) closeHoles(state, lane);
  for (const work of state.commands.open.values()) if (isForDeadLetters(work)) searchDead(state, work);
  for (const mail of [...state.mails.values()]) {
    if (mail.states.every(isFinal)) finish(state, mail, now.wall);
    else resume(state, mail, now);
  }
}

/**
 * What was not there when the log was read again up to `seen` is a hole, known before the crash or not: unless it counts as finished, the mark
 * stays below it for ever. And a trim may be what the crash came before.
 */
function closeHoles(state: EngineState, lane: Lane): void {
  const log = state.logs[lane];
  for (let sequence = log.finished.mark + 1; sequence <= log.seen; sequence += 1) {
    if (!log.live.has(sequence)) log.finished.finish(sequence);
  }
  state.trims.add(lane);
}

function resume(state: EngineState, mail: Mail, now: Instant): void {
  restoreAttempts(state, mail, now);
  resolveDoubts(state, mail, now);
  if (isPastDeadline(state, mail, now)) expire(state, mail, now);
  file(state, mail, now);
}

/** Whether a lost sender had begun is not journalled, so it counts as begun until its sender says otherwise. */
function restoreAttempts(state: EngineState, mail: Mail, now: Instant): void {
  const attempts = new Map<string, Omit<Attempt, 'recipients'> & { recipients: number[] }>();
  mail.states.forEach((recipientState, recipient) => {
    if (recipientState.kind !== 'sending') return;
    const { attempt: id, upstream, sender } = recipientState;
    const attempt = attempts.get(id) ?? { id, mail, recipients: [], upstream, sender, begun: true };
    attempt.recipients.push(recipient);
    attempts.set(id, attempt);
  });
  for (const found of attempts.values()) {
    const metering = takeSlots(state, found, now);
    const attempt: Attempt = metering ? { ...found, metering } : found;
    state.senders.meet(attempt.sender, now.mono + state.policy.senderLeaseMs);
    state.senders.add(attempt);
  }
}
