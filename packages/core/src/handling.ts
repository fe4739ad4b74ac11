import { noteConnections } from './allotting.ts';
import { arrive, relocate } from './arrival.ts';
import type { Input, Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import { file } from './filing.ts';
import type { Lane } from './lane.ts';
import { disconnect, hear, welcome } from './leases.ts';
import { changeShares, noteWritten } from './metering.ts';
import { takeFound } from './operation/dead-search.ts';
import { meetRevived, purge, revive } from './operation/reviving.ts';
import { lift, reconcileSuspensions, suspend } from './operation/suspension-gate.ts';
import { takeCommand } from './operation/walking.ts';
import { noteCheck, takeReport } from './outcome.ts';
import { passTime } from './passing-time.ts';
import { relievePinnedLog } from './pinned-log.ts';
import { finish, notePlaceSeen, settle } from './residence.ts';
import type { Place } from './ticket.ts';

/** Takes in what happened. */
export function handle(state: EngineState, input: Input, now: Instant): void {
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
