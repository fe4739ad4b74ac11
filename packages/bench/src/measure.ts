import type { LoadOrder, LoadResult } from './load/generate.ts';
import { type Percentiles, percentiles } from './report/percentiles.ts';
import type { Rig } from './rig.ts';
import type { ArrivalSummary } from './sink/arrivals.ts';
import type { System } from './system/system.ts';
import { readUsage, type Usage } from './system/usage.ts';

/** What one case came to. */
export interface Measurement {
  readonly accepted: number;
  readonly delivered: number;
  readonly duplicates: number;
  /** Replies that were not positive, and how often each came. */
  readonly refusals: Readonly<Record<string, number>>;
  /** From the first mail begun to the last reply. */
  readonly acceptedPerSecond: number;
  /** From the first mail begun to the last one at the upstream. */
  readonly deliveredPerSecond: number;
  /** From the final dot to its reply. */
  readonly replyMs: Percentiles;
  /** From when a mail was to be sent to its reply, so with the commands before, and the wait for a free session. */
  readonly handoverMs: Percentiles;
  /** From the reply to the final dot at the upstream. */
  readonly toDeliveryMs: Percentiles;
  readonly cpuMsPerMail: Readonly<Record<string, number>>;
  readonly peakRssBytes: Readonly<Record<string, number>>;
}

/** How long nothing may arrive while mails are missing; beyond the longest wait of the scheduler for an upstream. */
export const patienceMs = 45_000;

export type Order = Omit<LoadOrder, 'port' | 'pipelining'>;

/** Until the programs' code is compiled and connections stand. */
export const warmUp: Order = { sessions: 20, sizeBytes: 10_240, mails: 3_000, forMs: 3_000 };

export async function measure(rig: Rig, system: System, order: Order, afterLoad: () => Promise<void> = async () => {}): Promise<Measurement> {
  await rig.sink.ask('expect', order.mails);
  system.resetPeaks();
  const before = usageOf(rig, system);
  const load = await rig.load.ask('generate', { ...order, port: system.relayPort, pipelining: rig.options.pipelining });
  await afterLoad();
  const accepted = count(load.acceptedAt);
  await rig.sink.ask('whenDelivered', { count: accepted, patienceMs });
  return summarize(load, await rig.sink.ask('summary', undefined), before, usageOf(rig, system));
}

function usageOf(rig: Rig, system: System): Readonly<Record<string, Usage>> {
  return { ...system.usage(), load: readUsage(rig.load.pid), sink: readUsage(rig.sink.pid) };
}

type Usages = Readonly<Record<string, Usage>>;

function summarize(load: LoadResult, arrivals: ArrivalSummary, before: Usages, after: Usages): Measurement {
  const accepted = count(load.acceptedAt);
  const perSecond = (mails: number, times: Float64Array) => (mails * 1000) / (latest(times) - load.startedAt);
  return {
    accepted,
    delivered: arrivals.delivered,
    duplicates: arrivals.duplicates,
    refusals: load.refusals,
    acceptedPerSecond: perSecond(accepted, load.acceptedAt),
    deliveredPerSecond: perSecond(arrivals.delivered, arrivals.deliveredAt),
    replyMs: percentiles(load.replyMs),
    handoverMs: percentiles(load.wholeMs),
    // An upstream may have a mail before the client has read the reply to it.
    toDeliveryMs: percentiles(load.acceptedAt.map((at, number) => Math.max((arrivals.deliveredAt[number] ?? Number.NaN) - at, 0))),
    cpuMsPerMail: Object.fromEntries(Object.keys(after).map((name) => [name, ((after[name]?.cpuMs ?? 0) - (before[name]?.cpuMs ?? 0)) / accepted])),
    peakRssBytes: Object.fromEntries(Object.entries(after).map(([name, usage]) => [name, usage.peakRssBytes])),
  };
}

function count(times: Float64Array): number {
  return times.reduce((sum, time) => sum + (Number.isNaN(time) ? 0 : 1), 0);
}

function latest(times: Float64Array): number {
  return times.reduce((last, time) => (time > last ? time : last), 0);
}
