import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import type { JournalEvent } from './journal.ts';
import type { MeterRest } from './meter.ts';
import type { Remains } from './restoring.ts';

/** How far limits are used, so that a successor exceeds none: it has another monotonic clock, and goes by the steady one here. */
export interface LimitsSnapshot {
  /** By the steady clock. */
  readonly at: number;
  /** Whose monotonic clock that went by. */
  readonly epoch?: number;
  readonly meters: readonly (readonly [key: string, rests: readonly MeterRest[]])[];
  /** Attempts under way, and the keys of the limits that each counts for. */
  readonly attempts: readonly (readonly [attempt: string, keys: readonly string[]])[];
}

export function limitsSnapshot(state: EngineState, now: Instant): LimitsSnapshot {
  const used = [...state.meters.all].filter((meter) => !meter.isIdle(now.mono));
  const limited = [...state.senders.attempts].flatMap(({ id, metering }) => (metering ? [{ id, metering }] : []));
  return {
    at: state.clock.steady(now.wall),
    epoch: state.epoch,
    meters: used.map((meter) => [meter.key, meter.rests(now.mono)]),
    attempts: limited.map(({ id, metering }) => [id, metering.meters.map(({ key }) => key)]),
  };
}

/**
 * What is still under way takes its slots when it is found to be. What has ended since the snapshot may have been written up to its end; and an attempt from before
 * limits were configured counts for its upstream. Nobody can say how long nobody ruled, for the wall clock may have been set meanwhile: that time does not count, whether
 * it was before this owner or between two earlier ones; nor does any since the snapshot when the clock has jumped.
 */
export function restoreLimits(state: EngineState, remains: Remains, now: Instant): void {
  if (state.meters.size === 0) return;
  const { snapshot, events } = remains;
  const { meters = [], attempts = [] } = snapshot?.limits ?? {};
  const [sinceSnapshot, ...ages] = ruledSince(remains);
  for (const [key, rests] of meters) state.meters.byKey(key, now.mono)?.restore(rests, sinceSnapshot, now.mono);
  const underWay = new Map(attempts);
  events.forEach(({ event }, index) => {
    if (event.kind === 'started') underWay.set(event.attempt, event.limits ?? [`upstream:${event.upstream}`]);
    else if (endsAttempt(event)) {
      for (const key of underWay.get(event.attempt) ?? []) state.meters.byKey(key, now.mono)?.restoreWritten(ages[index] ?? 0, now.mono);
      underWay.delete(event.attempt);
    }
  });
}

/** For how long somebody certainly ruled, since the snapshot and since each of the events: from one word of an owner to the next one of the same. */
function ruledSince({ snapshot, events, clock }: Remains): [snapshot: number, ...events: number[]] {
  const skewMs = snapshot?.clock?.skewMs ?? 0;
  const words = [
    { at: snapshot?.limits?.at ?? 0, epoch: snapshot?.limits?.epoch },
    ...events.map(({ event, epoch }) => ({ at: event.at - skewMs, epoch })),
  ];
  let ruled = 0;
  const since = words.map(() => 0);
  for (let place = words.length - 2; place >= 0; place -= 1) {
    const [word, next] = [words[place], words[place + 1]];
    if (!clock && word && next && word.epoch === next.epoch) ruled += Math.max(0, next.at - word.at);
    since[place] = ruled;
  }
  return since as [number, ...number[]];
}

function endsAttempt(event: JournalEvent): event is Extract<JournalEvent, { kind: 'delivered' | 'deferred' | 'failed' | 'doubted' | 'returned' }> {
  return ['delivered', 'deferred', 'failed', 'doubted', 'returned'].includes(event.kind);
}
