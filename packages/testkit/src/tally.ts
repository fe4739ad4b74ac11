import type { SerializedError, TestModule } from 'vitest/node';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts tests. A file that does not load, a suite whose hooks fail, and an error that nobody caught are a failure each: none of them
 * may pass for a green run. So is a test that was never finished.
 */
export function countTests(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): Tally {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const failedSuites = suites.filter((suite) => suite.errors().length > 0).length;
  const count = (wanted: (typeof states)[number]) => states.filter((state) => state === wanted).length;
  return {
    passed: count('passed'),
    failed: count('failed') + count('pending') + failedSuites + unhandledErrors.length,
    skipped: count('skipped'),
  };
}

export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
