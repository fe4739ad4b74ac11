import { type Measurement, measure, type Order, warmUp } from '../measure.ts';
import { measureByPostfix } from '../postfix/measure.ts';
import { SmtpSink } from '../postfix/smtp-sink.ts';
import { bulkDomain } from '../postfix/smtp-source.ts';
import { type Rig, withSystem } from '../rig.ts';
import type { Mode, System } from '../system/system.ts';

export interface Case {
  readonly mode: Mode;
  readonly sizeKiB: number;
  readonly sessions: number;
}

export interface CaseResult extends Case {
  readonly name: string;
  readonly measurement: Measurement;
}

const modes: readonly Mode[] = ['fast', 'durable'];
const allCases: readonly Case[] = modes.flatMap((mode) =>
  [1, 10, 100].flatMap((sizeKiB) => [20, 100].map((sessions) => ({ mode, sizeKiB, sessions }))),
);

/** More than this machine takes in a second: what a case may come to when only its time is bounded. */
const mostMailsPerSecond = 20_000;

export function nameOf({ mode, sizeKiB, sessions }: Case): string {
  return `${mode}/${sizeKiB}KiB/${sessions}`;
}

/** The cases whose name has one of the words; all when there is none. */
export function chooseCases(only: readonly string[]): readonly Case[] {
  const chosen = allCases.filter((each) => only.length === 0 || only.some((word) => nameOf(each).includes(word)));
  if (chosen.length === 0) throw new Error(`--only came as '${only.join(',')}', expected part of one of ${allCases.map(nameOf).join(', ')}`);
  return chosen;
}

/** A system for each mode, and on it one case after the other, each begun when the last mail of the one before has arrived. */
export async function runThroughput(rig: Rig, onResult: (result: CaseResult) => void): Promise<readonly CaseResult[]> {
  const chosen = chooseCases(rig.options.only);
  const results: CaseResult[] = [];
  for (const mode of modes) {
    const cases = chosen.filter((each) => each.mode === mode);
    if (cases.length > 0) await runMode(rig, mode, cases, (result) => results.push(result) && onResult(result));
  }
  return results;
}

async function runMode(rig: Rig, mode: Mode, cases: readonly Case[], onResult: (result: CaseResult) => void): Promise<void> {
  const { postfix } = rig;
  if (!postfix) return withSystem(rig, mode, (system) => runCases(rig, system, cases, (order) => measure(rig, system, order), onResult));
  const sink = await SmtpSink.start(postfix.smtpSink, rig.folder);
  const extra = { upstreams: { bulk: sink.port }, routes: `domain:${bulkDomain}=bulk,*=main` };
  const run = (system: System) => runCases(rig, system, cases, (order) => measureByPostfix(rig, system, order, postfix, sink), onResult);
  await withSystem(rig, mode, run, extra).finally(() => sink.stop());
}

type Measure = (order: Order) => Promise<Measurement>;

async function runCases(rig: Rig, system: System, cases: readonly Case[], take: Measure, onResult: (result: CaseResult) => void): Promise<void> {
  await measure(rig, system, warmUp);
  for (const each of cases) onResult({ ...each, name: nameOf(each), measurement: await take(orderOf(rig, each)) });
}

function orderOf({ options: { mails, forMs } }: Rig, { sizeKiB, sessions }: Case): Order {
  return { sessions, sizeBytes: sizeKiB * 1024, mails: mails ?? Math.ceil((mostMailsPerSecond * forMs) / 1000), forMs };
}
