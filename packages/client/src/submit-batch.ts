import type { CallOptions, Connection } from './connection.ts';
import { errorFromCall } from './error-from-wire.ts';
import type { Mail } from './mail.ts';
import { nothingSaid, outgoing, refused, resultOf, type Outgoing } from './outgoing.ts';
import type { PosthasteError } from './posthaste-error.ts';
import type { KeySource } from './request-key.ts';
import type { SubmitResult } from './receipt.ts';

/** The contract's bound. */
const mostMails = 1_000;
/** Half of what a server takes in one request unless it is configured otherwise. */
const mostBytes = 32 * 1024 * 1024;

/** As many calls as the mails need, one after another. Never rejects: what happened stands in the results, in the order of the mails. */
export async function submitBatch(connection: Connection, mails: readonly Mail[], keyFor: KeySource, options: CallOptions): Promise<SubmitResult[]> {
  const results: SubmitResult[] = [];
  const going: Outgoing[] = [];
  for (const [index, mail] of mails.entries()) {
    const entry = outgoing(mail, index, keyFor);
    if ('kind' in entry) results.push(entry);
    else going.push(entry);
  }
  for (const batch of batches(going)) results.push(...(await submitAll(connection, batch, options)));
  return results.sort((a, b) => a.index - b.index);
}

/** One call; those refused for a passing reason go again, the others being settled. */
export async function submitAll(connection: Connection, all: readonly Outgoing[], options: CallOptions): Promise<SubmitResult[]> {
  const results: SubmitResult[] = [];
  let left = all;
  try {
    await connection.call(options, async (limits) => {
      const answer = await connection.submission.submitBatch({ messages: left.map(({ request }) => request) }, limits);
      const again = settle(left, answer.results, results);
      left = again.map(({ mail }) => mail);
      const [first] = again;
      if (first) throw first.error;
    });
  } catch (thrown) {
    const error = errorFromCall(thrown, options.signal);
    results.push(...left.map((mail) => refused(mail, error)));
  }
  return results;
}

type WireResults = Awaited<ReturnType<Connection['submission']['submitBatch']>>['results'];

/** Puts what is settled into `results`, and returns what should go again. */
export function settle(mails: readonly Outgoing[], answers: WireResults, results: SubmitResult[]): { mail: Outgoing; error: PosthasteError }[] {
  return mails.flatMap((mail, place) => {
    const answer = answers[place];
    const result = answer ? resultOf(mail, answer) : refused(mail, nothingSaid());
    if (result.kind === 'refused' && result.error.retryable) return [{ mail, error: result.error }];
    results.push(result);
    return [];
  });
}

function* batches(mails: readonly Outgoing[]): Generator<Outgoing[]> {
  let batch: Outgoing[] = [];
  let bytes = 0;
  for (const mail of mails) {
    if (batch.length > 0 && (batch.length === mostMails || bytes + mail.bytes > mostBytes)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(mail);
    bytes += mail.bytes;
  }
  if (batch.length > 0) yield batch;
}
