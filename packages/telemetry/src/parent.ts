import { Socket } from 'node:net';

export interface ParentOptions {
  /** The number of the inherited pipe; by default what POSTHASTE_PARENT_FD says. Without one nobody is watched. */
  readonly fd?: string | undefined;
  /** How long the program may take to drain before it is ended; by default 30 s. */
  readonly graceMs?: number;
}

/**
 * Ends this program after its parent is gone, even by kill -9: the parent holds the other end of a pipe, which closes with it. By default that is
 * taken like a SIGTERM, so that the program drains as it always does.
 */
export function exitWithParent(onGone: () => void = () => process.kill(process.pid, 'SIGTERM'), options: ParentOptions = {}): void {
  const fd = Number('fd' in options ? options.fd : process.env['POSTHASTE_PARENT_FD']);
  if (!Number.isInteger(fd) || fd <= 2) return;
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('error', () => {});
  pipe.once('close', () => {
    // Who read our output is gone too; a line written to it must not be what ends us.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    // Unreferenced: a program that has drained does not wait for it.
    setTimeout(() => process.exit(1), options.graceMs ?? 30_000).unref();
    onGone();
  });
  pipe.resume();
  pipe.unref();
}
