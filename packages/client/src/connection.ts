import { createClient, type CallOptions as RpcOptions } from '@connectrpc/connect';
import { OperatorService, StatusService, SubmissionService } from '@posthaste/protocol';
import type { Link } from './link.ts';
import { withRetries, type CallLimits, type Patience } from './retry.ts';

/** What may be said of every call. */
export interface CallOptions {
  /** Gives up when it is aborted: the call rejects with CANCELLED, the signal's reason being its `cause`. Default: none. */
  readonly signal?: AbortSignal;
  /** For all attempts and the waits between them, milliseconds. Default: `timeoutMs` of the client. */
  readonly timeoutMs?: number;
}

export interface ConnectionOptions {
  readonly link: Link;
  readonly patience: Patience;
  /** Of a call that says nothing else. */
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

export type Connection = ReturnType<typeof createConnection>;

/** The services, and how each of their calls is limited and repeated. */
export function createConnection({ link, patience, timeoutMs, headers }: ConnectionOptions) {
  const patiently = <T>(limits: CallLimits, attempt: (options: RpcOptions) => Promise<T>): Promise<T> =>
    withRetries(patience, limits, (options) => attempt({ ...options, headers: { ...headers } }));
  return {
    submission: createClient(SubmissionService, link.transport),
    status: createClient(StatusService, link.transport),
    operator: createClient(OperatorService, link.transport),
    patience,
    headers,
    timeoutMs,
    patiently,
    /** The same under a caller's options. */
    call: <T>(options: CallOptions, attempt: (options: RpcOptions) => Promise<T>): Promise<T> =>
      patiently({ timeoutMs: options.timeoutMs ?? timeoutMs, signal: options.signal }, attempt),
  };
}
