import type { Clock } from '@posthaste/telemetry';
import { refusal } from './refusal.ts';

/** The body, or DEADLINE_EXCEEDED when it is not complete in time: who sends drop by drop would hold a call for ever. */
export async function* arriveWithin(timeoutMs: number, body: AsyncIterable<Uint8Array>, clock: Clock): AsyncGenerator<Uint8Array> {
  const arrived = new AbortController();
  const late = clock.sleep(timeoutMs, arrived.signal).then(() => Promise.reject(refusal('DEADLINE_EXCEEDED', `the request did not arrive within ${timeoutMs} ms`)));
  // Whoever waits for the next chunk hears it; without one, nobody needs to.
  late.catch(() => {});
  try {
    const chunks = body[Symbol.asyncIterator]();
    for (let next = await Promise.race([chunks.next(), late]); !next.done; next = await Promise.race([chunks.next(), late])) yield next.value;
  } finally {
    arrived.abort();
  }
}
