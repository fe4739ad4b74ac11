import type { DescMethod } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import { SubmissionService } from '@posthaste/protocol';
import { refusal } from '../refusal/refusal.ts';

/**
 * Rejects with `late()` after `timeoutMs`, or never once it is stopped. A plain timer: an aborted signal costs an Error with its stack, and here
 * every call would make two of them.
 */
export interface TimeLimit {
  readonly over: Promise<never>;
  stop(): void;
}

export function startTimer(timeoutMs: number, late: () => ConnectError): TimeLimit {
  const { promise, reject } = Promise.withResolvers<never>();
  // Whoever races against it hears it; when nobody does any more, nobody needs to.
  promise.catch(() => {});
  const timer = setTimeout(() => reject(late()), timeoutMs);
  return { over: promise, stop: () => clearTimeout(timer) };
}

/** What the contract lets a client wait for in SendAndWait. */
const longestWaitMs = 300_000;

/** Our own limit of a unary call, whatever deadline its client gave. */
export function startTimeLimit({ parent, name }: DescMethod, timeoutMs: number): TimeLimit {
  const waits = parent === SubmissionService && name === SubmissionService.method.sendAndWait.name;
  const limitMs = waits ? longestWaitMs + timeoutMs : timeoutMs;
  return startTimer(limitMs, () => refusal('DEADLINE_EXCEEDED', `the call took longer than ${limitMs} ms`));
}
