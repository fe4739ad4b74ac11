import type { SendAndWaitResponse, SubmitRequest } from '@posthaste/protocol';
import type { Connection } from './connection.ts';
import { messageStatus, type MessageStatus } from './message-status.ts';
import { nothingSaid } from './outgoing.ts';
import { receipt, type Receipt } from './receipt.ts';
import { durationOf } from './submit-request.ts';
import { withProto, type WithProto } from './with-proto.ts';

export interface SendAndWaitOptions {
  /** Gives up waiting when it is aborted; what was accepted until then is delivered all the same. */
  readonly signal?: AbortSignal;
  /** How long to wait for the upstream, milliseconds, from 100 to 300,000. Default: 30,000. */
  readonly timeoutMs?: number;
}

/** The mail is accepted; and where it stood at the end of the wait. */
export interface SendAndWaitResult extends Omit<Receipt, 'proto'>, WithProto<SendAndWaitResponse> {
  /** Whether every recipient is final. False: the time was over first, and delivery goes on. */
  readonly settled: boolean;
  /** Undefined when its state could not be followed. */
  readonly message: MessageStatus | undefined;
}

const defaultWaitMs = 30_000;
/** The contract's bound. */
const shortestWaitMs = 100;
/** For the way there and back, so that the server's answer comes before the call is given up. */
const wayMs = 5_000;

/** A repetition carries the same key, so it waits for the mail of the first attempt, for what is left of the time. */
export async function sendAndWait(connection: Connection, message: SubmitRequest, options: SendAndWaitOptions): Promise<SendAndWaitResult> {
  const { submission, patience } = connection;
  const waitMs = options.timeoutMs ?? defaultWaitMs;
  const end = patience.clock.monotonic() + waitMs;
  const answer = await connection.patiently({ timeoutMs: waitMs + wayMs, signal: options.signal }, (limits) => {
    const leftMs = Math.min(waitMs, Math.max(shortestWaitMs, Math.ceil(end - patience.clock.monotonic())));
    return submission.sendAndWait({ message, timeout: durationOf('timeout', leftMs) }, { ...limits, timeoutMs: leftMs + wayMs });
  });
  if (!answer.accepted) throw nothingSaid();
  const accepted = receipt(answer.accepted, message.idempotencyKey);
  return withProto({ ...accepted, settled: answer.settled, message: answer.message && messageStatus(answer.message) }, answer);
}
