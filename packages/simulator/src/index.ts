import { BrokenPromise } from './broken-promise.ts';
import { type Report, reportOf } from './report.ts';
import { didYouMean } from '@posthaste/config/nearest';
import { WorkloadError } from './reading/read-workload.ts';
import { World, type WorldOptions } from './world.ts';

export { readWorkload, WorkloadError } from './reading/read-workload.ts';
export type { DomainReport, LaneReport, LimitReport, Outcomes, Report, TenantReport, UpstreamReport } from './report.ts';
export type { Workload } from './workload.ts';
export { BrokenPromise } from './broken-promise.ts';
export type { Configuration } from './world.ts';

/** Runs a workload through a configuration in virtual time. The same seed gives the same report, unless the core's time is measured. Throws a BrokenPromise. */
export function simulate(options: WorldOptions): Report {
  checkNames(options);
  const world = new World(options);
  try {
    world.run();
  } catch (error) {
    throw new BrokenPromise(world.agenda.now, error as Error);
  }
  return reportOf(world, options);
}

/** A model that no upstream would follow is a slip of the pen. */
function checkNames({ workload, configuration }: WorldOptions): void {
  const known = [...configuration.connections.keys(), '*'];
  const strangers = [...workload.upstreams.keys()].filter((name) => !known.includes(name));
  if (strangers.length === 0) return;
  const faults = strangers.map(
    (name) => `upstreams.${name}: the configuration has no such upstream${didYouMean(name, known)}; expected one of ${known.join(', ')}`,
  );
  throw new WorkloadError(`the workload ${workload.name}`, faults);
}
