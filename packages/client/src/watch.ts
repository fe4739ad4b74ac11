import type { Message } from '@posthaste/protocol';
import type { Connection } from './connection.ts';
import { errorFromCall } from './error-from-wire.ts';
import { isFinal, messageStatus, type MessageStatus } from './message-status.ts';
import { pause } from './retry.ts';
import { delays } from './retry-policy.ts';
import { withProto } from './with-proto.ts';

export interface WatchOptions {
  /** Ends the watch with CANCELLED when it is aborted. */
  readonly signal?: AbortSignal;
  /** Ends the watch with DEADLINE_EXCEEDED after so many milliseconds. Default: none; it lasts until the state is final. */
  readonly timeoutMs?: number;
  /** The last `resumeToken` that was seen, perhaps by another process: what it told is not told again. Default: begin with the present state. */
  readonly resumeToken?: string;
}

/** A message after a change. */
export interface WatchedMessage extends MessageStatus {
  /** Where another watch can go on. */
  readonly resumeToken: string;
}

/**
 * The message now and after each change, until it is final. A call that breaks is made again where it ended; the patience of the policy begins anew with
 * each answer.
 */
export async function* watch(connection: Connection, id: string, options: WatchOptions): AsyncGenerator<WatchedMessage, void, undefined> {
  const { patience, headers } = connection;
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
  const end = patience.clock.monotonic() + timeoutMs;
  const bounds = delays(patience.policy);
  let resumeToken = options.resumeToken ?? '';
  for (let failed = 0; ; failed += 1) {
    try {
      const leftMs = end - patience.clock.monotonic();
      const limits = { ...(signal && { signal }), ...(Number.isFinite(leftMs) && { timeoutMs: Math.max(1, Math.ceil(leftMs)) }) };
      for await (const answer of connection.status.watchMessage({ id, resumeToken }, { ...limits, headers: { ...headers } })) {
        [failed, resumeToken] = [0, answer.resumeToken];
        if (answer.message) yield watched(answer.message, resumeToken);
        if (answer.message && isFinal(answer.message.state)) return;
      }
      return;
    } catch (thrown) {
      const error = errorFromCall(thrown, signal);
      const bound = bounds[failed];
      if (!error.retryable || bound === undefined) throw error;
      await pause(patience, { error, bound, end, signal });
    }
  }
}

function watched(message: Message, resumeToken: string): WatchedMessage {
  return withProto({ ...messageStatus(message), resumeToken }, message);
}
