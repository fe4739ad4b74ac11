import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { ConnectError, type HandlerContext } from '@connectrpc/connect';
import { SendAndWaitResponseSchema, type Message, type SendAndWaitRequest, type SendAndWaitResponse } from '@posthaste/protocol';
import type { Clock } from '@posthaste/telemetry';
import { reasonOf, refusedWithin } from '../refusal/refusal.ts';
import { isSettled } from '../status/watch.ts';
import type { Submit } from './calls.ts';

/** A message as it is now, and again after each change, until it is final. Rejects when it cannot be followed. */
export type Follow = (id: string, signal: AbortSignal) => AsyncIterable<{ readonly message: Message }>;

export interface SendAndWaitOptions {
  readonly submit: Submit;
  readonly follow: Follow;
  readonly clock: Clock;
}

const defaultTimeoutMs = 30_000;
/** Before a deadline of the call, so that the answer is back in time. */
const answerMs = 250;
/** The scheduler may be changing hands. */
const retryMs = 500;

export function createSendAndWait({ submit, follow, clock }: SendAndWaitOptions) {
  return async ({ message: request, timeout }: SendAndWaitRequest, context: HandlerContext): Promise<SendAndWaitResponse> => {
    if (!request) throw new Error('unreachable: the contract requires the message');
    const accepted = await submit(request, context).catch((error: unknown) => {
      throw refusedWithin('message', error);
    });
    const longestMs = timeout ? durationMs(timeout) : defaultTimeoutMs;
    const leftMs = (context.timeoutMs() ?? Number.POSITIVE_INFINITY) - answerMs;
    const message = await lastSeen(accepted.id, Math.max(0, Math.min(longestMs, leftMs)), context.signal);
    return create(SendAndWaitResponseSchema, { accepted, settled: message !== undefined && isSettled(message.state), ...(message && { message }) });
  };

  /** The message as it is when it is final, or else after `waitMs`; undefined when it was never seen. Never rejects: it is ours already. */
  async function lastSeen(id: string, waitMs: number, gone: AbortSignal): Promise<Message | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, gone]);
    let last: Message | undefined;
    const see = async () => {
      while (!signal.aborted) {
        try {
          for await (const { message } of follow(id, signal)) last = message;
          return;
        } catch (error) {
          if (isShuttingDown(error)) return;
          await clock.sleep(retryMs, signal).catch(() => {});
        }
      }
    };
    const late = clock.sleep(waitMs, signal).catch(() => {});
    const seen = see();
    await Promise.race([seen, late]);
    over.abort();
    await late;
    return last;
  }
}

function isShuttingDown(error: unknown): boolean {
  return error instanceof ConnectError && reasonOf(error) === 'UNAVAILABLE';
}
