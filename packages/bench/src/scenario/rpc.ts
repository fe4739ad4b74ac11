import { join } from 'node:path';
import { nodeFlags } from '@posthaste/config';
import { type Percentiles, percentiles } from '../report/percentiles.ts';
import { Remote } from '../remote.ts';
import { type Rig, withSystem } from '../rig.ts';
import type { Mode, System } from '../system/system.ts';
import { readUsage, type Usage } from '../system/usage.ts';
import type { RpcOrder, RpcResult } from './rpc-load.ts';
import type { RpcLoadMethods } from './rpc-process.ts';

export interface RpcCaseResult {
  readonly name: string;
  readonly mode: Mode;
  readonly accepted: number;
  readonly acceptedPerSecond: number;
  /** From each call to its answer. */
  readonly replyMs: Percentiles;
  readonly refusals: Readonly<Record<string, number>>;
  /** Until the last answer, by program. */
  readonly cpuMsPerMail: Readonly<Record<string, number>>;
  readonly peakRssBytes: Readonly<Record<string, number>>;
  readonly delivered: number;
  readonly duplicates: number;
}

type Shape = Pick<RpcOrder, 'way' | 'content' | 'calls' | 'batch'>;

const sizeBytes = 10_240;
const cases: Readonly<Record<string, Shape>> = {
  'unary/raw': { way: 'unary', content: 'raw', calls: 50, batch: 1 },
  'unary/structured': { way: 'unary', content: 'structured', calls: 50, batch: 1 },
  'batch/raw': { way: 'batch', content: 'raw', calls: 4, batch: 100 },
  'batch/structured': { way: 'batch', content: 'structured', calls: 4, batch: 100 },
  'stream/raw': { way: 'stream', content: 'raw', calls: 2, batch: 1 },
};
const mostMails = 80_000;
const patienceMs = 60_000;
/** Less measures how soon V8's compilers are done with the api and the load. */
const warmUpMs = 10_000;

/** How fast the api takes mail by native gRPC. The upstream is down meanwhile, so that deliveries take nothing away; then all of it has to arrive. */
export async function runRpc(rig: Rig, onResult: (result: RpcCaseResult) => void): Promise<readonly RpcCaseResult[]> {
  const load = new Remote<RpcLoadMethods>('rpc load', join(import.meta.dirname, 'rpc-process.ts'), nodeFlags);
  const results: RpcCaseResult[] = [];
  try {
    for (const mode of ['fast', 'durable'] as const) {
      const chosen = Object.keys(cases).filter((name) => isChosen(rig, `${mode}/${name}`));
      for (const name of chosen) {
        const result = await withSystem(rig, mode, (system) => measureCase(rig, load, system, mode, name));
        results.push(result);
        onResult(result);
      }
    }
  } finally {
    load.end();
  }
  return results;
}

function isChosen({ options: { only } }: Rig, name: string): boolean {
  return only.length === 0 || only.some((word) => name.includes(word));
}

async function measureCase(rig: Rig, load: Remote<RpcLoadMethods>, system: System, mode: Mode, name: string): Promise<RpcCaseResult> {
  const shape = cases[name]!;
  const order = { ...shape, port: system.grpcPort, sizeBytes, mails: rig.options.mails ?? mostMails, forMs: rig.options.forMs };
  await settle(rig, await load.ask('generate', { ...(await prepared(rig, order)), forMs: warmUpMs }));
  await prepared(rig, order);
  system.resetPeaks();
  const before = usageOf(system, load);
  const result = await load.ask('generate', order);
  const after = usageOf(system, load);
  const { delivered, duplicates } = await settle(rig, result);
  return { name: `${mode}/${name}`, mode, ...acceptance(result), ...costs(before, after, countOf(result)), delivered, duplicates };
}

/** The load beside the programs: on few cores, what it takes is not theirs. */
function usageOf(system: System, { pid }: Remote<RpcLoadMethods>): Readonly<Record<string, Usage>> {
  return { ...system.usage(), load: readUsage(pid) };
}

/** The upstream goes down, and forgets. */
async function prepared(rig: Rig, order: RpcOrder): Promise<RpcOrder> {
  await rig.sink.ask('close', undefined);
  await rig.sink.ask('expect', order.mails);
  return order;
}

/** The upstream returns, and what was accepted arrives. */
async function settle(rig: Rig, result: RpcResult) {
  await rig.sink.ask('listen', rig.upstreamPort);
  await rig.sink.ask('whenDelivered', { count: countOf(result), patienceMs });
  return rig.sink.ask('summary', undefined);
}

function countOf({ acceptedAt }: RpcResult): number {
  return acceptedAt.filter((at) => !Number.isNaN(at)).length;
}

function acceptance(result: RpcResult) {
  const accepted = countOf(result);
  const last = result.acceptedAt.reduce((latest, at) => (at > latest ? at : latest), result.startedAt);
  return {
    accepted,
    acceptedPerSecond: (accepted * 1000) / (last - result.startedAt),
    replyMs: percentiles(result.replyMs),
    refusals: result.refusals,
  };
}

function costs(before: Readonly<Record<string, Usage>>, after: Readonly<Record<string, Usage>>, mails: number) {
  const names = Object.keys(after);
  return {
    cpuMsPerMail: Object.fromEntries(names.map((name) => [name, ((after[name]?.cpuMs ?? 0) - (before[name]?.cpuMs ?? 0)) / mails])),
    peakRssBytes: Object.fromEntries(names.map((name) => [name, after[name]?.peakRssBytes ?? 0])),
  };
}
