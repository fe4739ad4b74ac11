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
import { help, type Options, readOptions, type Scenario } from './options.ts';
import { describeCore, summarizeCore } from './report/core-text.ts';
import { describeAnswer, summarizeAnswers } from './report/answer-text.ts';
import { describeLoad, describeSlice, writeLoadReport } from './report/load-report.ts';
import { describeMillion } from './report/million-text.ts';
import { describeRound, summarizePeers } from './report/peers-text.ts';
import { describeNeighbours, describeUrgent, summarizeNeighbours } from './report/urgency-text.ts';
import { describeBacklog, describeCase, summarizeCases } from './report/text.ts';
import { buildRig, closeRig, type Rig } from './rig.ts';
import { runAnswer } from './scenario/answer.ts';
import { runBacklog } from './scenario/backlog.ts';
import { runCore } from './scenario/core.ts';
import { runLoad } from './scenario/load.ts';
import { runMillion } from './scenario/million.ts';
import { runLatency } from './scenario/latency.ts';
import { runNeighbours } from './scenario/neighbours.ts';
import { runPeers } from './scenario/peers.ts';
import { describeRpc } from './scenario/rpc-text.ts';
import { runRpc } from './scenario/rpc.ts';
import { runUrgent } from './scenario/urgent.ts';
import { runThroughput } from './scenario/throughput.ts';
import { measureFsync } from './system/fsync-time.ts';

/** Those that need all the programs. */
type SystemScenario = Exclude<Scenario, 'core' | 'million'>;

interface Outcome {
  readonly results: readonly unknown[];
  readonly missing: number;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return void process.stdout.write(help);
  const say = (line: string) => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const { scenario } = options;
  if (scenario === 'core') return runAlone(options, say);
  if (scenario === 'million') return runSimulated(options, say);
  const rig = await buildRig(options, say);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => breakOff(rig));
  try {
    await run(rig, scenario, options);
  } finally {
    closeRig(rig);
  }
}

/** The core needs no program, no streams and no disk. */
async function runAlone({ only, json }: Options, say: (line: string) => void): Promise<void> {
  const results = await runCore(only, (result) => say(describeCore(result)));
  say(`\n${summarizeCore(results)}`);
  if (json) process.stdout.write(`${JSON.stringify({ scenario: 'core', results }, undefined, 2)}\n`);
}

/** The programs end by themselves when the pipes break that this process holds. */
function breakOff(rig: Rig): void {
  closeRig(rig);
  process.exit(130);
}

/** In virtual time: the core alone is real. */
async function runSimulated({ json }: Options, say: (line: string) => void): Promise<void> {
  const result = await runMillion();
  say(describeMillion(result));
  if (json) process.stdout.write(`${JSON.stringify({ scenario: 'million', results: [result] }, undefined, 2)}\n`);
}

async function run(rig: Rig, scenario: SystemScenario, options: Options): Promise<void> {
  const machine = describeThisMachine(rig.nats.version, measureFsync(rig.folder));
  rig.say(`${describeMachine(machine)}\n`);
  const { results, missing } = await runScenario(rig, scenario, options);
  if (options.json) process.stdout.write(`${JSON.stringify({ scenario, machine, results }, undefined, 2)}\n`);
  if (missing > 0) process.exitCode = 1;
}

async function runScenario(rig: Rig, scenario: SystemScenario, { pattern, report }: Options): Promise<Outcome> {
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
    case 'urgent': {
      const result = await runUrgent(rig);
      rig.say(describeUrgent(result));
      return { results: [result], missing: result.missing };
    }
    case 'neighbours': {
      const results = await runNeighbours(rig, (round) => rig.say(describeNeighbours(round)));
      rig.say(`\n${summarizeNeighbours(results)}`);
      return { results, missing: 0 };
    }
    case 'rpc': {
      const results = await runRpc(rig, (result) => rig.say(`${describeRpc(result)}\n`));
      return { results, missing: sum(results.map(({ accepted, delivered }) => accepted - delivered)) };
    }
    case 'load': {
      const taken = await runLoad(rig, pattern, (slice, done) => rig.say(describeSlice(slice, done)));
      rig.say(`\n${describeLoad(taken)}\nreport: ${writeLoadReport(taken, report).join(' and ')}`);
      return { results: [taken], missing: taken.accepted - taken.delivered };
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
