import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';

/** Something has changed in who may have how many connections: whoever has to be told is told. */
function allot(state: EngineState, upstream: string, now: Instant): void {
  const allotments = state.connectionShares.get(upstream)?.rebalance(now.mono >= state.raisesFrom) ?? [];
  for (const allotment of allotments) state.effects.push({ kind: 'allot', upstream, ...allotment });
}

export function allotAll(state: EngineState, now: Instant): void {
  for (const upstream of state.connectionShares.keys()) allot(state, upstream, now);
}

/** What a sender says of its connections: in its hello, or in answer to an allotment. */
export interface ConnectionsInForce {
  readonly upstream: string;
  /** The most that it has or will open. */
  readonly connections?: number | undefined;
  /** The allotment that these keep to; 0 or absent: none of this stream. */
  readonly allotment?: number | undefined;
}

export function noteConnections(
  state: EngineState,
  sender: string,
  { upstream, connections = 0, allotment = 0 }: ConnectionsInForce,
  now: Instant,
): void {
  const shares = state.connectionShares.get(upstream);
  if (!shares) return;
  shares.confirm(sender, connections, allotment);
  allot(state, upstream, now);
}

export function joinShares(state: EngineState, sender: string, credits: readonly ConnectionsInForce[], now: Instant): void {
  for (const [upstream, shares] of state.connectionShares) {
    const said = credits.find((credit) => credit.upstream === upstream);
    if (said) shares.join(sender, said.connections ?? 0);
  }
  allotAll(state, now);
}

export function leaveShares(state: EngineState, sender: string, hasLeaseEnded: boolean, now: Instant): void {
  for (const shares of state.connectionShares.values()) {
    if (hasLeaseEnded) shares.forget(sender);
    else shares.disconnect(sender);
  }
  allotAll(state, now);
}
