import { describeError } from './log.ts';
import { exitWithParent } from './parent.ts';

/**
 * Runs a program until it has ended. `stopping` is aborted when it is to end: on SIGTERM, on SIGINT, or when its parent is gone (`parentFd` as
 * POSTHASTE_PARENT_FD gives it); a second signal ends it at once. What fails is said in one line, with exit code 1; what only gives up because it was
 * told to stop, before there was anything to drain, is no failure.
 */
export function runProgram(name: string, parentFd: string | undefined, run: (stopping: AbortSignal) => Promise<void>): void {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  exitWithParent(parentFd, stop);
  run(controller.signal).catch((error: unknown) => {
    if (controller.signal.aborted && error === controller.signal.reason) process.exit(0);
    process.stderr.write(`${name}: ${describeError(error)}\n`);
    process.exit(1);
  });
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
