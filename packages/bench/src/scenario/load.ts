import { percentiles, type Percentiles } from '../report/percentiles.ts';
import { type Rig, withSystem } from '../rig.ts';
import { sharedNow } from '../shared-time.ts';
import type { Mode, System } from '../system/system.ts';
import { measure, patienceMs, warmUp } from '../measure.ts';
import { type Pattern, type PatternName, patterns, type Slice, slicesOf } from './pattern.ts';

export interface LoadReport {
  readonly pattern: PatternName;
  readonly mode: Mode;
  readonly slices: readonly SliceReport[];
  readonly accepted: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly toDeliveryMs: Percentiles;
  /** From the last mail that came in to the last one that went out. */
  readonly drainedMs: number;
}

export interface SliceReport {
  /** Since the beginning. */
  readonly atMs: number;
  readonly offeredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Accepted and not delivered at the end of the slice. */
  readonly waiting: number;
  readonly replyMs: Percentiles;
  readonly rssBytes: Readonly<Record<string, number>>;
}

const sliceMs = 5_000;
const order = { sessions: 20, sizeBytes: 10_240 };

/** A load that changes as it does in life, in durable mode: the door's answers, what waits, and memory, slice by slice. */
export async function runLoad(rig: Rig, name: PatternName, onSlice: OnSlice): Promise<LoadReport> {
  const pattern = patterns[name];
  const slices = slicesOf(pattern, rig.options.minutes ?? pattern.minutes, sliceMs);
  return withSystem(rig, 'durable', (system) => play(rig, system, pattern, slices, onSlice));
}

async function play(rig: Rig, system: System, pattern: Pattern, slices: readonly Slice[], onSlice: OnSlice): Promise<LoadReport> {
  await measure(rig, system, warmUp);
  await rig.sink.ask('expect', sum(slices.map(mailsOf)));
  const run = new Run(rig, system);
  for (const [index, slice] of slices.entries()) onSlice(await run.play(slice), (index + 1) / slices.length);
  return run.end(pattern.name);
}

type OnSlice = (slice: SliceReport, done: number) => void;

class Run {
  readonly #rig: Rig;
  readonly #system: System;
  readonly #begunAt = sharedNow();
  readonly #slices: SliceReport[] = [];
  readonly #refusals: Record<string, number> = {};
  /** By number; NaN: refused. */
  readonly #acceptedAt: number[] = [];
  #accepted = 0;
  #delivered = 0;

  constructor(rig: Rig, system: System) {
    this.#rig = rig;
    this.#system = system;
  }

  async play(slice: Slice): Promise<SliceReport> {
    const startedAt = sharedNow();
    const target = { port: this.#system.relayPort, pipelining: false, mails: mailsOf(slice), firstNumber: this.#acceptedAt.length };
    const load = await this.#rig.load.ask('generate', { ...order, ...slice, ...target });
    const tookMs = sharedNow() - startedAt;
    const delivered = await this.#rig.sink.ask('delivered', undefined);
    const accepted = load.acceptedAt.reduce((count, at) => count + (Number.isNaN(at) ? 0 : 1), 0);
    this.#acceptedAt.push(...load.acceptedAt);
    this.#accepted += accepted;
    for (const [reply, times] of Object.entries(load.refusals)) this.#refusals[reply] = (this.#refusals[reply] ?? 0) + times;
    const report = {
      atMs: sharedNow() - this.#begunAt,
      offeredPerSecond: slice.ratePerSecond,
      acceptedPerSecond: (accepted * 1000) / tookMs,
      deliveredPerSecond: ((delivered - this.#delivered) * 1000) / tookMs,
      waiting: this.#accepted - delivered,
      replyMs: percentiles(load.replyMs),
      rssBytes: Object.fromEntries(Object.entries(this.#system.usage()).map(([program, { rssBytes }]) => [program, rssBytes])),
    };
    this.#delivered = delivered;
    this.#slices.push(report);
    return report;
  }

  async end(pattern: PatternName): Promise<LoadReport> {
    const endedAt = sharedNow();
    const accepted = this.#accepted;
    await this.#rig.sink.ask('whenDelivered', { count: accepted, patienceMs });
    const drainedMs = sharedNow() - endedAt;
    const { deliveredAt, delivered, duplicates } = await this.#rig.sink.ask('summary', undefined);
    const toDelivery = Float64Array.from(this.#acceptedAt, (at, number) => Math.max((deliveredAt[number] ?? Number.NaN) - at, 0));
    const totals = { accepted, delivered, duplicates, refusals: this.#refusals, toDeliveryMs: percentiles(toDelivery), drainedMs };
    return { pattern, mode: 'durable', slices: this.#slices, ...totals };
  }
}

function mailsOf({ forMs, ratePerSecond }: Slice): number {
  return Math.ceil((forMs * ratePerSecond) / 1000);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
