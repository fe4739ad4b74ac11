import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Older ones lack `sync_interval: always` or atomic batches, on which durable mode rests. */
export const oldestUsable = '2.15.0';

/** The version of a nats-server binary; throws when it cannot be run or answers something else. */
export async function readVersion(binary: string): Promise<string> {
  const { stdout } = await run(binary, ['--version'], { timeout: 10_000 });
  const [, version] = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout) ?? [];
  if (version === undefined) throw new Error(`${binary} --version answered '${stdout.trim()}' instead of a version`);
  return version;
}

/** Compares major.minor.patch by number. A pre-release (2.15.0-RC.1) comes before its release. */
export function isUsable(version: string, oldest = oldestUsable): boolean {
  const order = compareNumbers(numbersOf(version), numbersOf(oldest));
  return order === 0 ? !version.includes('-') : order > 0;
}

function numbersOf(version: string): readonly number[] {
  return (version.split('-', 1)[0] ?? '').split('.').map(Number);
}

function compareNumbers(left: readonly number[], right: readonly number[]): number {
  const index = left.findIndex((number, at) => number !== right[at]);
  return index < 0 ? 0 : (left[index] ?? 0) - (right[index] ?? 0);
}
