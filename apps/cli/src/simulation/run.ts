import { readFileSync } from 'node:fs';
import { checkSettings, enginePolicyOf, loadConfig, policySettings, routerOf } from '@posthaste/config';
import { defaultPolicy } from '@posthaste/core';
import { BrokenPromise, type Configuration, readWorkload, type Report, simulate } from '@posthaste/simulator';
import { exitCode } from '../exit-code.ts';
import { Failure, usageError } from '../failure.ts';

/** Throws a ConfigError or a WorkloadError that names all faults. */
export function runSimulation(workloadFile: string, env: Readonly<Record<string, string | undefined>>, seed: number): Report {
  const configuration = readConfiguration(env);
  const workload = readWorkload(textOf(workloadFile), workloadFile, configuration.policy.lanes);
  try {
    return simulate({ workload, configuration, seed, stopwatch: () => performance.now() });
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    const hint = `Seed ${seed} with this workload and these settings repeats it. Nothing was sent; this is a fault of the core, please report it.`;
    throw new Failure(error.message, { exitCode: exitCode.failed, code: 'BrokenPromise', hint, cause: error });
  }
}

/** The settings that scheduler and senders decide by. Those of others, and their other ones, are passed over. */
function readConfiguration(env: Readonly<Record<string, string | undefined>>): Configuration {
  const { values } = loadConfig({ ...policySettings, ...checkSettings }, { argv: [], env, ownSections: [] });
  return {
    router: routerOf(values),
    policy: enginePolicyOf(values, defaultPolicy),
    connections: new Map(Object.entries(values.upstreams).map(([name, { connections }]) => [name, connections])),
    checkEveryMs: values['breaker.checkEvery'],
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`--workload: ${file} cannot be read: ${(error as Error).message}`);
  }
}
