import type { EngineState } from './engine-state.ts';
import type { SequenceRange } from './finished-log.ts';
import { limitsSnapshot, type LimitsSnapshot } from './limits-snapshot.ts';
import { laneNameOf, lanes, type Lane, type WrittenLane } from './lane.ts';
import type { FormerLetter, Mail } from './mail.ts';
import { snapshotCommands, type CommandsSnapshot } from './operation/commands-snapshot.ts';
import type { RecipientState } from './recipient.ts';
import type { ClockMarks } from './steady-clock.ts';
import type { Tally } from './tally.ts';

/** What a checkpoint says of the engine, beside the states that go to STATE. */
export interface Snapshot {
  readonly logs: Readonly<Record<Lane, LogSnapshot>>;
  /** Highest sequence of WAIT that was read, and those above it that are our own copies. */
  readonly waitSeen: number;
  readonly waitAhead: readonly number[];
  readonly tallies: readonly (readonly [tenant: string, tally: Tally])[];
  /** Absent in what was written before the clock was watched. */
  readonly clock?: ClockMarks;
  /** Commands that are being worked off, and those that have ended lately; absent before there were any. */
  readonly commands?: CommandsSnapshot;
  /** Revived mail that has come to its end again, with the sequence in DEAD up to which it was revived; absent before there was any. */
  readonly spentRevivals?: readonly (readonly [id: string, sequence: number])[];
  /** Finished since the last snapshot. */
  readonly finishedIds: readonly string[];
  /** How far limits are used; absent in a snapshot of an engine that had none. */
  readonly limits?: LimitsSnapshot;
}

export interface LogSnapshot {
  readonly seen: number;
  readonly mark: number;
  /** Finished above the mark. */
  readonly finished: readonly SequenceRange[];
}

/** One entry of STATE: where the recipients of a mail off the happy path are. */
export interface StateRecord extends Partial<WrittenLane> {
  readonly id: string;
  readonly states: readonly RecipientState[];
  /** By recipient, where an operator has changed it: the upstream or group that it is bound for. */
  readonly detours?: readonly (string | null)[];
  /** The dead letter that it was; absent for all other mail. */
  readonly former?: FormerLetter;
}

export interface SnapshotWithStates {
  readonly snapshot: Snapshot;
  /** Mail that changed since the last snapshot and is still in the index. */
  readonly changed: readonly StateRecord[];
  /** Sequences of entries in STATE that are of no more use once the checkpoint stands; a recovery from the one before may need them. */
  readonly stale: readonly number[];
}

/** Everything up to the last record of the last step is contained; the lists of changes start anew. */
export function takeSnapshot(state: EngineState): SnapshotWithStates {
  for (const { mail } of state.senders.attempts) state.changed.add(mail);
  const changed = [...state.changed].map((mail) => stateOf(mail));
  state.changed.clear();
  return {
    snapshot: {
      logs: Object.fromEntries(lanes.map((lane) => [lane, logSnapshot(state, lane)])) as unknown as Record<Lane, LogSnapshot>,
      waitSeen: state.waitSeen,
      waitAhead: [...state.waitAhead],
      tallies: [...state.tallies].map(([tenant, tally]) => [tenant, { ...tally }]),
      clock: state.clock.marks(),
      ...(state.commands.open.size + state.commands.ended.size > 0 && { commands: snapshotCommands(state.commands) }),
      ...(state.spentRevivals.size > 0 && { spentRevivals: [...state.spentRevivals] }),
      finishedIds: state.finishedIds.splice(0),
      ...(state.meters.size > 0 && { limits: limitsSnapshot(state, state.dispatchedAt) }),
    },
    changed,
    stale: state.staleStates.splice(0),
  };
}

function stateOf({ ticket, states, lane, detours, former }: Mail): StateRecord {
  return {
    id: ticket.id,
    states: [...states],
    ...(laneNameOf(lane.written) !== laneNameOf(ticket) && lane.written),
    ...(detours && { detours: detours.map((upstream) => upstream ?? null) }),
    ...(former && { former }),
  };
}

/** The checkpoint that this snapshot was for was not made: the next one has to speak of the same changes again. */
export function returnSnapshot(state: EngineState, { snapshot, changed, stale }: SnapshotWithStates): void {
  for (const { id } of changed) {
    const mail = state.mails.get(id);
    if (mail) state.changed.add(mail);
  }
  state.finishedIds.push(...snapshot.finishedIds);
  state.staleStates.push(...stale);
}

function logSnapshot(state: EngineState, lane: Lane): LogSnapshot {
  const { seen, finished } = state.logs[lane];
  return { seen, mark: finished.mark, finished: finished.ranges() };
}
