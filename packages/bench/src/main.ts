/**
 * bench - what Posthaste does on this machine
 *
 * Takes      a scenario and its bounds (--help).
 * Does       starts all programs on a nats-server of their own, sends mail in by SMTP from one process, takes it upstream in another one, and
 *            compares what the two wrote down.
 * Prints     rates, percentiles, CPU time a mail and peak memory by program, beside the fsync time of the disk; with --json as one document.
 * Ends       with 1 when an accepted mail did not arrive.
 */
import { describeMachine, describeThisMachine } from './report/machine.ts';
import { help, type Options, readOptions } from './options.ts';
import { describeAnswer, summarizeAnswers } from './report/answer-text.ts';
import { describeLoad, describeSlice, writeLoadReport } from './report/load-report.ts';
import { describeRound, summarizePeers } from './report/peers-text.ts';
import { describeBacklog, describeCase, summarizeCases } from './report/text.ts';
import { buildRig, closeRig, type Rig } from './rig.ts';
import { runAnswer } from './scenario/answer.ts';
import { runBacklog } from './scenario/backlog.ts';
import { runLoad } from './scenario/load.ts';
import { runLatency } from './scenario/latency.ts';
import { runPeers } from './scenario/peers.ts';
import { describeRpc } from './scenario/rpc-text.ts';
import { runRpc } from './scenario/rpc.ts';
import { runThroughput } from './scenario/throughput.ts';
import { measureFsync } from './system/fsync-time.ts';

interface Outcome {
  readonly results: readonly unknown[];
  readonly missing: number;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return void process.stdout.write(help);
  const say = (line: string) => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const rig = await buildRig(options, say);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => breakOff(rig));
  try {
    await run(rig, options);
  } finally {
    closeRig(rig);
  }
}

/** The programs end by themselves when the pipes break that this process holds. */
function breakOff(rig: Rig): void {
  closeRig(rig);
  process.exit(130);
}

async function run(rig: Rig, options: Options): Promise<void> {
  const machine = describeThisMachine(rig.nats.version, measureFsync(rig.folder));
  rig.say(`${describeMachine(machine)}\n`);
  const { results, missing } = await runScenario(rig, options);
  if (options.json) process.stdout.write(`${JSON.stringify({ scenario: options.scenario, machine, results }, undefined, 2)}\n`);
  if (missing > 0) process.exitCode = 1;
}

async function runScenario(rig: Rig, options: Options): Promise<Outcome> {
  const { scenario, pattern } = options;
  switch (scenario) {
    case 'throughput':
    case 'latency': {
      const results = await (scenario === 'latency' ? runLatency : runThroughput)(rig, (result) => rig.say(`${describeCase(result)}\n`));
      rig.say(summarizeCases(results));
      return { results, missing: sum(results.map(({ measurement }) => measurement.accepted - measurement.delivered)) };
    }
    case 'backlog': {
      const results = await runBacklog(rig, (result) => rig.say(`${describeBacklog(result)}\n`));
      return { results, missing: sum(results.map(({ waiting, delivered }) => waiting - delivered)) };
    }
    case 'peers': {
      const results = await runPeers(rig, (name, round) => rig.say(describeRound(name, round)));
      rig.say(`\n${summarizePeers(results)}`);
      return { results, missing: 0 };
    }
    case 'answer': {
      const results = await runAnswer(rig, (result) => rig.say(describeAnswer(result)));
      rig.say(`\n${summarizeAnswers(results)}`);
      return { results, missing: 0 };
    }
    case 'rpc': {
      const results = await runRpc(rig, (result) => rig.say(`${describeRpc(result)}\n`));
      return { results, missing: sum(results.map(({ accepted, delivered }) => accepted - delivered)) };
    }
    case 'load': {
      const report = await runLoad(rig, pattern, (slice, done) => rig.say(describeSlice(slice, done)));
      rig.say(`\n${describeLoad(report)}\nreport: ${writeLoadReport(report, options.report).join(' and ')}`);
      return { results: [report], missing: report.accepted - report.delivered };
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
