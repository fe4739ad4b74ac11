import { type Measurement, measure, warmUp } from '../measure.ts';
import { type Rig, withSystem } from '../rig.ts';
import type { Mode } from '../system/system.ts';

export interface LatencyResult {
  readonly name: string;
  readonly mode: Mode;
  readonly ratePerSecond: number;
  readonly upstreamDelayMs: number;
  readonly measurement: Measurement;
}

/** Half of what each mode is meant to reach with so many sessions. */
const loads: readonly { readonly mode: Mode; readonly sessions: number; readonly ratePerSecond: number }[] = [
  { mode: 'fast', sessions: 20, ratePerSecond: 1_000 },
  { mode: 'durable', sessions: 100, ratePerSecond: 600 },
];
const upstreamDelaysMs = [0, 5_000];
const sizeBytes = 10_240;

/** What a client waits for its reply at half of the load: it must not matter how slow the upstream is. */
export async function runLatency(rig: Rig, onResult: (result: LatencyResult) => void): Promise<readonly LatencyResult[]> {
  const results: LatencyResult[] = [];
  for (const { mode, sessions, ratePerSecond } of loads) {
    const forMs = Math.max(rig.options.forMs, 10_000);
    const order = { sessions, sizeBytes, ratePerSecond, forMs, mails: rig.options.mails ?? Math.ceil((ratePerSecond * forMs) / 1000) };
    await withSystem(rig, mode, async (system) => {
      await measure(rig, system, warmUp);
      for (const upstreamDelayMs of upstreamDelaysMs) {
        if (upstreamDelayMs > 0) await rig.sink.ask('script', { rules: [{ at: 'final', delayMs: upstreamDelayMs }] });
        const measurement = await measure(rig, system, order, () => rig.sink.ask('script', {}));
        const name = `${mode}/${ratePerSecond} a second/upstream takes ${upstreamDelayMs / 1000} s`;
        const result = { name, mode, ratePerSecond, upstreamDelayMs, measurement };
        results.push(result);
        onResult(result);
      }
    });
  }
  return results;
}
