import { destinationOf } from './destination.ts';
import type { EngineState } from './engine-state.ts';
import { isDue, isReady, readySince, steadyAcceptance, wallDue } from './filing.ts';
import type { NamedLane } from './lane-table.ts';
import type { Mail } from './mail.ts';
import { isFinal, type RecipientState } from './recipient.ts';
import { expectedLive } from './tally.ts';

/** The index, counted by walking it. */
export interface Census {
  /** The most urgent first. */
  readonly lanes: readonly LaneCensus[];
  /** By the router's index: recipients that are queued for it; for an upstream also those whose attempt it has, whichever destination they were queued for. */
  readonly destinations: readonly DestinationDepth[];
  /** Accepted less final less live: 0, or something was lost or counted twice. */
  readonly difference: number;
}

export interface LaneCensus {
  readonly lane: NamedLane;
  /** Recipients that are not final. */
  readonly depth: Readonly<Record<LiveKind, number>>;
  /** Of those that are queued: how many wait for their due time. */
  readonly waiting: number;
  /** When its oldest mail was accepted; null for an empty lane. */
  readonly oldestAcceptedAt: number | null;
  /** Since when the mail of it that has waited longest for its turn could have gone; null when none is ready. */
  readonly oldestReadyAt: number | null;
  /** Mails that are ready and should have been begun by its target. */
  readonly late: number;
}

export interface DestinationDepth {
  queued: number;
  sending: number;
  /** Mails that are ready and should have been begun by their lane's target. */
  late: number;
}

export type LiveKind = 'queued' | 'held' | 'sending' | 'inDoubt';

/** At once, so that the difference is exact. A million mails take a quarter of a second. */
export function takeCensus(state: EngineState, now: number): Census {
  const walk = walkIndex(state, now);
  for (let step = walk.next(); ; step = walk.next()) if (step.done) return step.value;
}

/** Mails between two turns: some 0.3 ms. */
const walkedAtOnce = 1_000;

/**
 * The same in pieces, `undefined` where others may have their turn. What moves meanwhile may be counted where it was or where it is, so the difference
 * says nothing then. `now`: wall clock.
 */
export function* walkIndex(state: EngineState, now: number): Generator<undefined, Census> {
  const { clock } = state;
  const lanes = state.policy.lanes.all.map(nothingIn);
  const destinations = state.destinations.map((): DestinationDepth => ({ queued: 0, sending: 0, late: 0 }));
  const live = new Map<string, number>();
  let walked = 0;
  for (const mail of state.mails.values()) {
    const { tenant } = mail.ticket;
    const lane = lanes[mail.lane.rank] as LaneCount;
    const acceptedAt = steadyAcceptance(clock, mail) + clock.skewMs;
    countMail(state, mail, now, lane, destinations);
    if (isReady(clock, mail, now)) {
      const since = readySince(clock, mail, now) + clock.skewMs;
      lane.oldestReadyAt = Math.min(lane.oldestReadyAt ?? since, since);
      if (since + mail.lane.targetMs < now) countLate(state, mail, now, lane, destinations);
    }
    if (mail.open > 0) lane.oldestAcceptedAt = Math.min(lane.oldestAcceptedAt ?? acceptedAt, acceptedAt);
    live.set(tenant, (live.get(tenant) ?? 0) + mail.open);
    if ((walked += 1) % walkedAtOnce === 0) yield;
  }
  return { lanes, destinations, difference: differenceOf(state, live) };
}

/** Under the destination of its first recipient that is ready: a mail goes to several only now and then. */
function countLate({ router, clock }: EngineState, mail: Mail, now: number, lane: LaneCount, destinations: readonly DestinationDepth[]): void {
  lane.late += 1;
  const recipient = mail.states.findIndex((state) => state.kind === 'queued' && isDue(clock, state, now));
  const destination = destinations[destinationOf(router, mail, recipient)];
  if (destination) destination.late += 1;
}

/** While it is being counted. */
type LaneCount = { -readonly [Key in keyof LaneCensus]: LaneCensus[Key] } & { readonly depth: Record<LiveKind, number> };

function nothingIn(lane: NamedLane): LaneCount {
  return { lane, depth: { queued: 0, held: 0, sending: 0, inDoubt: 0 }, waiting: 0, oldestAcceptedAt: null, oldestReadyAt: null, late: 0 };
}

function countMail({ router, clock }: EngineState, mail: Mail, now: number, lane: LaneCount, destinations: readonly DestinationDepth[]): void {
  const { states } = mail;
  for (let recipient = 0; recipient < states.length; recipient += 1) {
    const recipientState = states[recipient];
    if (!recipientState || !isLiveKind(recipientState)) continue;
    lane.depth[recipientState.kind] += 1;
    if (recipientState.kind === 'inDoubt' || recipientState.kind === 'held') continue;
    const index = recipientState.kind === 'sending' ? router.upstreams.indexOf(recipientState.upstream) : destinationOf(router, mail, recipient);
    const destination = destinations[index];
    if (destination) destination[recipientState.kind] += 1;
    if (recipientState.kind === 'queued' && wallDue(clock, recipientState) > now) lane.waiting += 1;
  }
}

/** Per tenant, so that one tenant's loss cannot hide behind another's surplus. */
function differenceOf(state: EngineState, live: ReadonlyMap<string, number>): number {
  let difference = 0;
  for (const tenant of new Set([...state.tallies.keys(), ...live.keys()])) {
    const tally = state.tallies.get(tenant);
    difference += Math.abs((tally ? expectedLive(tally) : 0) - (live.get(tenant) ?? 0));
  }
  return difference;
}

function isLiveKind(state: RecipientState): state is RecipientState & { kind: LiveKind } {
  return !isFinal(state);
}
