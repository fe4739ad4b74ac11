import type { LoadResult } from '../load/generate.ts';
import { measure, warmUp } from '../measure.ts';
import { percentiles, type Percentiles } from '../report/percentiles.ts';
import { type Rig, withSystem } from '../rig.ts';
import { sharedNow } from '../shared-time.ts';
import type { Mode, System } from '../system/system.ts';
import type { Usage } from '../system/usage.ts';

export interface BacklogResult {
  readonly name: string;
  readonly mode: Mode;
  readonly waiting: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** In the first and in the last tenth of the mails: a backlog must not slow the door down. */
  readonly acceptedPerSecondAtFirst: number;
  readonly acceptedPerSecondAtLast: number;
  readonly replyMs: Percentiles;
  /** Resident memory of each program while all of them wait, and the most up to the end. */
  readonly waitingRssBytes: Readonly<Record<string, number>>;
  readonly peakRssBytes: Readonly<Record<string, number>>;
  /** From the upstream's return to the first and to the last mail. */
  readonly firstDeliveryMs: number;
  readonly drainedMs: number;
  readonly delivered: number;
  readonly duplicates: number;
}

const defaultMails = 100_000;
const sessions = 20;
const sizeBytes = 10_240;
/** At least this much longer than the scheduler's longest wait between two looks at an upstream that is down. */
const patienceMs = 60_000;
const longestLoadMs = 300_000;

/** The upstream is down while mail comes in, and returns when all of it waits. */
export async function runBacklog(rig: Rig, onResult: (result: BacklogResult) => void): Promise<readonly BacklogResult[]> {
  const results: BacklogResult[] = [];
  const modes: readonly Mode[] = ['fast', 'durable'];
  const chosen = modes.filter((mode) => rig.options.only.length === 0 || rig.options.only.some((word) => mode.includes(word)));
  for (const mode of chosen) {
    const result = await withSystem(rig, mode, (system) => pileUpAndDrain(rig, system, mode));
    results.push(result);
    onResult(result);
  }
  return results;
}

async function pileUpAndDrain(rig: Rig, system: System, mode: Mode): Promise<BacklogResult> {
  const mails = rig.options.mails ?? defaultMails;
  await measure(rig, system, warmUp);
  await rig.sink.ask('expect', mails);
  await rig.sink.ask('close', undefined);
  system.resetPeaks();
  rig.say(`${mode}: the upstream is down, ${mails} mails come in`);
  const order = { port: system.relayPort, sessions, sizeBytes, mails, forMs: longestLoadMs, pipelining: rig.options.pipelining };
  const load = await rig.load.ask('generate', order);
  const waiting = system.usage();
  const returnedAt = sharedNow();
  await rig.sink.ask('listen', rig.upstreamPort);
  rig.say(`${mode}: the upstream is back`);
  const accepted = load.acceptedAt.filter((at) => !Number.isNaN(at));
  await rig.sink.ask('whenDelivered', { count: accepted.length, patienceMs });
  const { deliveredAt, delivered, duplicates } = await rig.sink.ask('summary', undefined);
  const arrived = deliveredAt.filter((at) => !Number.isNaN(at)).sort();
  return {
    name: `${mode}/backlog`,
    mode,
    waiting: accepted.length,
    refusals: load.refusals,
    ...acceptance(load, accepted.toSorted()),
    waitingRssBytes: pick(waiting, 'rssBytes'),
    peakRssBytes: pick(system.usage(), 'peakRssBytes'),
    firstDeliveryMs: (arrived[0] ?? Number.NaN) - returnedAt,
    drainedMs: (arrived.at(-1) ?? Number.NaN) - returnedAt,
    delivered,
    duplicates,
  };
}

function acceptance(load: LoadResult, sorted: Float64Array) {
  const tenth = Math.max(Math.floor(sorted.length / 10), 1);
  const perSecond = (from: number, to: number) => (tenth * 1000) / (to - from);
  return {
    acceptedPerSecondAtFirst: perSecond(load.startedAt, sorted[tenth - 1] ?? Number.NaN),
    acceptedPerSecondAtLast: perSecond(sorted.at(-tenth - 1) ?? load.startedAt, sorted.at(-1) ?? Number.NaN),
    replyMs: percentiles(load.replyMs),
  };
}

function pick(usages: Readonly<Record<string, Usage>>, field: 'rssBytes' | 'peakRssBytes'): Record<string, number> {
  return Object.fromEntries(Object.entries(usages).map(([name, usage]) => [name, usage[field]]));
}
