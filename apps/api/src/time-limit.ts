import type { ConnectError } from '@connectrpc/connect';

/**
 * Rejects with `late()` after `timeoutMs`, or never once it is stopped. A plain timer: an aborted signal costs an Error with its stack, and here
 * every call would make two of them.
 */
export interface TimeLimit {
  readonly over: Promise<never>;
  stop(): void;
}

export function startTimeLimit(timeoutMs: number, late: () => ConnectError): TimeLimit {
  const { promise, reject } = Promise.withResolvers<never>();
  // Whoever races against it hears it; when nobody does any more, nobody needs to.
  promise.catch(() => {});
  const timer = setTimeout(() => reject(late()), timeoutMs);
  return { over: promise, stop: () => clearTimeout(timer) };
}
