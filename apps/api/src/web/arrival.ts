import { refusal } from '../refusal/refusal.ts';
import { startTimer } from '../limits/time-limit.ts';

/** The body, or DEADLINE_EXCEEDED when it is not complete in time: who sends drop by drop would hold a call for ever. */
export async function* arriveWithin(timeoutMs: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const limit = startTimer(timeoutMs, () => refusal('DEADLINE_EXCEEDED', `the request did not arrive within ${timeoutMs} ms`));
  const chunks = body[Symbol.asyncIterator]();
  const next = () => Promise.race([chunks.next(), limit.over]);
  try {
    for (let chunk = await next(); !chunk.done; chunk = await next()) yield chunk.value;
  } finally {
    limit.stop();
  }
}
