import { Socket } from 'node:net';

/** How long a program may take to drain before it is ended. */
const longestDrainMs = 30_000;

/**
 * Ends this program after its parent is gone, even by kill -9: the parent holds the other end of a pipe, which closes with it. `fd` is the number of
 * the inherited pipe, as POSTHASTE_PARENT_FD gives it; without one nobody is watched. By default the end of the pipe is taken like a SIGTERM,
 * so that the program drains as it always does.
 */
export function exitWithParent(
  fd: string | undefined,
  onGone: () => void = () => process.kill(process.pid, 'SIGTERM'),
  graceMs = longestDrainMs,
): void {
  const number = Number(fd);
  if (!Number.isInteger(number) || number <= 2) return;
  const pipe = new Socket({ fd: number, readable: true, writable: false });
  pipe.on('error', () => {});
  pipe.once('close', () => {
    // Who read our output is gone too; a line written to it must not be what ends us.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    // Unreferenced: a program that has drained does not wait for it.
    setTimeout(() => process.exit(1), graceMs).unref();
    onGone();
  });
  pipe.resume();
  pipe.unref();
}
