import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SubmitStreamRequestSchema } from '@posthaste/protocol';
import type { CallOptions, Connection } from './connection.ts';
import type { Mail } from './mail.ts';
import { MailSource } from './mail-source.ts';
import { outgoing, type Outgoing } from './outgoing.ts';
import type { SubmitResult } from './receipt.ts';
import type { KeySource } from './request-key.ts';
import { settle, submitAll } from './submit-batch.ts';

/** A call ends after this many mails or bytes, or so long after its first mail, and results come then: so much is kept for a repetition. */
const segmentLimits = { mails: 500, bytes: 8 * 1024 * 1024, ms: 1_000 };

/** Mails of one call. */
interface Segment {
  readonly sent: Outgoing[];
  /** Refused here, before they could be sent. */
  readonly results: SubmitResult[];
  /** The call has ended: whoever still feeds it must leave the next mail where it is. */
  ended: boolean;
}

/**
 * Reads no mail before the server has room for it. After a call that broke nobody knows what was accepted of it, so all its mails go again under the same
 * keys.
 */
export async function* submitStream(
  connection: Connection,
  mails: Iterable<Mail> | AsyncIterable<Mail>,
  keyFor: KeySource,
  options: CallOptions,
): AsyncGenerator<SubmitResult, void, undefined> {
  const source = new MailSource(mails, connection.patience.clock, options.signal);
  let count = 0;
  const take = (mail: Mail) => {
    source.take();
    return outgoing(mail, count++, keyFor);
  };
  try {
    while ((await source.peek())?.done === false) yield* await submitSegment(connection, source, take, options);
  } finally {
    await source.close();
  }
}

async function submitSegment(
  connection: Connection,
  source: MailSource,
  take: (mail: Mail) => Outgoing | SubmitResult,
  options: CallOptions,
): Promise<SubmitResult[]> {
  const segment: Segment = { sent: [], results: [], ended: false };
  const again = await streamOnce(connection, segment, feed(connection, segment, source, take), options);
  if (again.length > 0) segment.results.push(...(await submitAll(connection, again, options)));
  return segment.results.sort((a, b) => a.index - b.index);
}

/** Returns what must go again. */
async function streamOnce(
  connection: Connection,
  segment: Segment,
  requests: AsyncIterable<StreamRequest>,
  options: CallOptions,
): Promise<Outgoing[]> {
  const { submission, headers, timeoutMs } = connection;
  const limits = { timeoutMs: (options.timeoutMs ?? timeoutMs) + segmentLimits.ms, headers: { ...headers } };
  try {
    const answer = await submission.submitStream(requests, { ...limits, ...(options.signal && { signal: options.signal }) });
    segment.ended = true;
    return settle(segment.sent, answer.results, segment.results).map(({ mail }) => mail);
  } catch {
    // Why is said by the call that repeats it.
    segment.ended = true;
    return segment.sent;
  }
}

type StreamRequest = MessageInitShape<typeof SubmitStreamRequestSchema>;

async function* feed(
  { patience: { clock } }: Connection,
  segment: Segment,
  source: MailSource,
  take: (mail: Mail) => Outgoing | SubmitResult,
): AsyncGenerator<StreamRequest> {
  const end = clock.monotonic() + segmentLimits.ms;
  for (let bytes = 0; segment.sent.length < segmentLimits.mails && bytes < segmentLimits.bytes;) {
    const next = await source.peek(Math.max(0, end - clock.monotonic()));
    if (segment.ended || next === undefined || next.done === true) return;
    const entry = take(next.value);
    if ('kind' in entry) segment.results.push(entry);
    else {
      segment.sent.push(entry);
      bytes += entry.bytes;
      yield { message: entry.request };
    }
  }
}
