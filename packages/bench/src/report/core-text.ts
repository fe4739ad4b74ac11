import { coreCaseName } from '../scenario/core.ts';
import type { CoreResult } from '../scenario/core-measure.ts';

/** What is asked of the core with a million mails waiting. */
const targets = { decisionsPerSecond: 200_000, heapBytes: 2 ** 30, growth: 4 };

export function describeCore(result: CoreResult): string {
  const cells = [
    `${whole(result.decisionsPerSecond).padStart(9)} decisions/s`,
    `CPU ${result.cpuMicrosPerDecision.toFixed(2).padStart(5)} us each`,
    `longest step ${result.longestStepMs.toFixed(1).padStart(5)} ms`,
    `${whole(result.arrivalsPerSecond).padStart(9)} arrivals/s`,
    `heap ${whole(result.heapBytes / 2 ** 20).padStart(5)} MiB`,
    `RSS ${whole(result.rssBytes / 2 ** 20).padStart(5)} MiB`,
  ];
  return [coreCaseName(result).padEnd(36), ...cells].join('  ');
}

/** The targets, each beside what was reached. */
export function summarizeCore(results: readonly CoreResult[]): string {
  const tenants = [...new Set(results.map((result) => result.tenants))];
  return tenants.flatMap((count) => summarizeTenants(results.filter((result) => result.tenants === count))).join('\n');
}

function summarizeTenants(results: readonly CoreResult[]): string[] {
  const [least, most] = [results[0], results.at(-1)];
  if (!least || !most || least === most) return [];
  const growth = least.decisionsPerSecond / most.decisionsPerSecond;
  return [
    `${most.tenants} tenants, ${whole(most.waiting)} waiting: ${whole(most.decisionsPerSecond)} decisions/s (asked: ${whole(targets.decisionsPerSecond)}), ` +
      `heap ${whole(most.heapBytes / 2 ** 20)} MiB (asked: less than ${whole(targets.heapBytes / 2 ** 20)}), ` +
      `cost from ${whole(least.waiting)} waiting up ${growth.toFixed(2)} times (asked: less than ${targets.growth})`,
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
