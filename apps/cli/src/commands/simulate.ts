import { ConfigError } from '@posthaste/config';
import { WorkloadError } from '@posthaste/simulator';
import { configOptions, withConfig } from '../command/config-options.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { exitCode } from '../exit-code.ts';
import { usageError } from '../failure.ts';
import { describeReport, describeTwo } from '../simulation/report-text.ts';
import { runSimulation } from '../simulation/run.ts';

const options = {
  workload: option.text({ value: 'FILE', doc: 'The mail that comes, and how its surroundings behave, in YAML or JSON: docs/simulator.md.' }),
  seed: option.int({ value: 'N', min: 0, max: 2 ** 31, doc: 'The same seed makes the same run. Default: 1' }),
  compare: option.text({ value: 'FILE', doc: 'Another configuration for the same workload: what it would change.' }),
  output: option.choice(['table', 'json'], {
    short: 'o',
    doc: 'table for people, json for programs: a stable shape, durations in milliseconds. Default: table',
  }),
  ...configOptions,
};

export const simulate = defineCommand({
  summary: 'what a configuration does to a workload, in virtual time, before it is applied',
  about: `The scheduler's own core decides, with the settings that scheduler and senders would read here; doors, senders and upstreams are models.
Nothing need be running, and no mail is sent. After each event that the core journals the promises are checked: a broken one is told with the seed, exit code 1.`,
  options,
  examples: [
    {
      line: 'posthaste simulate --config deploy/samples/saas/posthaste.yaml --workload deploy/samples/saas/workload.yaml',
      says: 'latency by lane and tenant, use of the upstreams',
    },
    { line: 'posthaste simulate --config now.yaml --compare new.yaml --workload workload.yaml', says: 'what the new settings would change' },
    { line: 'posthaste simulate --workload workload.yaml --seed 7 -o json', says: 'the settings of this machine, another run of chance, as data' },
  ],
  async run(call) {
    const { workload, seed = 1, compare, output, config } = call.options;
    if (workload === undefined) throw usageError('--workload: missing, expected a file: docs/simulator.md tells what stands in it');
    const one = run(call, workload, seed, config);
    const other = compare === undefined ? undefined : run(call, workload, seed, compare);
    if (output === 'json') call.print(JSON.stringify(other ? { reports: [one, other] } : one, undefined, 2));
    else call.print(other ? describeTwo(one, other, call.paint) : describeReport(one, call.paint));
    return exitCode.ok;
  },
});

function run(call: Call<typeof options>, workload: string, seed: number, config: string | undefined) {
  try {
    return runSimulation(workload, withConfig(call.env, config), seed);
  } catch (error) {
    if (error instanceof ConfigError || error instanceof WorkloadError) throw usageError(error.message);
    throw error;
  }
}
