import type { EngineState } from './engine-state.ts';
import { lanes, type Lane } from './lane.ts';
import type { RecipientState } from './recipient.ts';
import { expectedLive } from './tally.ts';

/** The index, counted by walking it. */
export interface Census {
  /** Recipients that are not final. */
  readonly depth: Readonly<Record<Lane, Record<LiveKind, number>>>;
  /** Of those that are queued: how many wait for their due time. */
  readonly waiting: Readonly<Record<Lane, number>>;
  /** By the router's index: recipients that are queued, and those whose attempt is under way. */
  readonly upstreams: readonly UpstreamDepth[];
  /** When the oldest mail of a lane was accepted; null for an empty lane. */
  readonly oldestAcceptedAt: Readonly<Record<Lane, number | null>>;
  /** Accepted less final less live: 0, or something was lost or counted twice. */
  readonly difference: number;
}

export interface UpstreamDepth {
  queued: number;
  sending: number;
}

export type LiveKind = 'queued' | 'sending' | 'inDoubt';

export function takeCensus(state: EngineState): Census {
  const depth = perLane(() => ({ queued: 0, sending: 0, inDoubt: 0 }));
  const waiting = perLane(() => 0);
  const upstreams = state.upstreams.map((): UpstreamDepth => ({ queued: 0, sending: 0 }));
  const oldest = perLane<number | null>(() => null);
  const live = new Map<string, number>();
  for (const { ticket, states, open } of state.mails.values()) {
    const { lane, tenant, acceptedAt } = ticket;
    for (const [recipient, recipientState] of states.entries()) {
      if (!isLiveKind(recipientState)) continue;
      depth[lane][recipientState.kind] += 1;
      const upstream = upstreams[state.router.upstreamOf(ticket, recipient)];
      if (recipientState.kind === 'queued') {
        if (recipientState.due > 0) waiting[lane] += 1;
        if (upstream) upstream.queued += 1;
      } else if (recipientState.kind === 'sending' && upstream) upstream.sending += 1;
    }
    if (open > 0) oldest[lane] = Math.min(oldest[lane] ?? acceptedAt, acceptedAt);
    live.set(tenant, (live.get(tenant) ?? 0) + open);
  }
  return { depth, waiting, upstreams, oldestAcceptedAt: oldest, difference: differenceOf(state, live) };
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
  return state.kind === 'queued' || state.kind === 'sending' || state.kind === 'inDoubt';
}

function perLane<T>(make: () => T): Record<Lane, T> {
  return Object.fromEntries(lanes.map((lane) => [lane, make()])) as Record<Lane, T>;
}
