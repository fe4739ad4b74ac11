import type { OperationStatus, UnchangedCauseName } from '@posthaste/client';
import { type ExitCode, exitCode } from '../exit-code.ts';

/** What was wanted and could not be had. Of mail that is named by what it has in common, what has come to its end meanwhile is no failure. */
const misses: ReadonlySet<UnchangedCauseName> = new Set(['too_late', 'held', 'not_found', 'body_gone', 'unknown']);
const missesOfOne: ReadonlySet<UnchangedCauseName> = new Set([...misses, 'final', 'not_applicable']);

/** What an operation is to a script. */
export function operationCode({ done, changedCount, unchanged }: OperationStatus, namesIds: boolean): ExitCode {
  if (!done) return exitCode.timeout;
  const counted = namesIds ? missesOfOne : misses;
  if (!unchanged.some(({ cause }) => counted.has(cause))) return exitCode.ok;
  return changedCount > 0 ? exitCode.partial : exitCode.conflict;
}
