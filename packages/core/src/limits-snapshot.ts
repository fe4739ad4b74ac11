import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import type { JournalEvent } from './journal.ts';
import type { MeterRest } from './meter.ts';
import type { Remains } from './restoring.ts';

/** How far limits are used, so that a successor exceeds none: it has another monotonic clock, and goes by the steady one here. */
export interface LimitsSnapshot {
  /** By the steady clock. */
  readonly at: number;
  readonly meters: readonly (readonly [key: string, rests: readonly MeterRest[]])[];
  /** Attempts under way, and the keys of the limits that each counts for. */
  readonly attempts: readonly (readonly [attempt: string, keys: readonly string[]])[];
}

export function limitsSnapshot(state: EngineState, now: Instant): LimitsSnapshot {
  const used = [...state.meters.all].filter((meter) => !meter.isIdle(now.mono));
  const limited = [...state.senders.attempts].flatMap(({ id, metering }) => (metering ? [{ id, metering }] : []));
  return {
    at: state.clock.steady(now.wall),
    meters: used.map((meter) => [meter.key, meter.rests(now.mono)]),
    attempts: limited.map(({ id, metering }) => [id, metering.meters.map(({ key }) => key)]),
  };
}

/**
 * What is still under way takes its slots when it is found to be. What has ended since the snapshot may have been written up to its end; and an attempt from before
 * limits were configured counts for its upstream. Nobody can say how long nobody ruled, for the wall clock may have been set meanwhile: that time does not count,
 * nor does any since the snapshot when the clock has jumped.
 */
export function restoreLimits(state: EngineState, { snapshot, events, clock }: Remains, now: Instant): void {
  if (state.meters.size === 0) return;
  const { at = -Infinity, meters = [], attempts = [] } = snapshot?.limits ?? {};
  const steady = (wall: number) => (clock ? 0 : wall - (snapshot?.clock?.skewMs ?? 0));
  const lastAt = Math.max(clock ? 0 : at, ...events.slice(-1).map(({ event }) => steady(event.at)));
  for (const [key, rests] of meters) state.meters.byKey(key, now.mono)?.restore(rests, clock ? 0 : lastAt - at, now.mono);
  const underWay = new Map(attempts);
  for (const { event } of events) {
    if (event.kind === 'started') underWay.set(event.attempt, event.limits ?? [`upstream:${event.upstream}`]);
    else if (endsAttempt(event)) {
      for (const key of underWay.get(event.attempt) ?? []) state.meters.byKey(key, now.mono)?.restoreWritten(lastAt - steady(event.at), now.mono);
      underWay.delete(event.attempt);
    }
  }
}

function endsAttempt(event: JournalEvent): event is Extract<JournalEvent, { kind: 'delivered' | 'deferred' | 'failed' | 'doubted' | 'returned' }> {
  return ['delivered', 'deferred', 'failed', 'doubted', 'returned'].includes(event.kind);
}
