import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';
import { countTests, formatTally, type Tally } from './tally.ts';

/** A run that never came to its end. */
const brokenOff: Tally = { passed: 0, failed: 1, skipped: 0 };

/** Closes a run with one line for people and programs: `N passed, N failed`. */
export default class TallyReporter implements Reporter {
  #tally = brokenOff;

  onInit(): void {
    // The default reporter, and whatever complains while closing, writes until the process ends; this line has to be the last.
    process.once('exit', () => process.stdout.write(`${formatTally(this.#tally)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[], reason: TestRunEndReason): void {
    const tally = countTests(modules, unhandledErrors);
    // A run that is red for another reason, as for an empty one, must not read as green.
    this.#tally = reason === 'passed' || tally.failed > 0 ? tally : { ...tally, failed: 1 };
  }
}
