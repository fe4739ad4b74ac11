import { type PosthasteClient, PosthasteError, type WatchedMessage } from '@posthaste/client';
import { systemClock } from '@posthaste/telemetry/clock';

/** An api that starts anew is back long before this. */
const longestMs = 60_000;
const pauseMs = 500;

/** Sits out what keeps an api that has answered from answering again; one that never did is told of at once. */
export class Outage {
  #answeredAt: number | undefined;

  answered(): void {
    this.#answeredAt = systemClock.monotonic();
  }

  /** Waits a moment; throws the error when waiting is in vain. */
  async sitOut(error: unknown): Promise<void> {
    const passes = error instanceof PosthasteError && error.retryable;
    const awayMs = systemClock.monotonic() - (this.#answeredAt ?? Number.NEGATIVE_INFINITY);
    if (!passes || awayMs > longestMs) throw error;
    await systemClock.sleep(pauseMs);
  }
}

/** The message now and after each change, until it is final. */
export async function* follow(client: PosthasteClient, id: string, timeoutMs = Number.POSITIVE_INFINITY): AsyncGenerator<WatchedMessage> {
  const end = systemClock.monotonic() + timeoutMs;
  const outage = new Outage();
  let resumeToken: string | undefined;
  for (;;) {
    const leftMs = end - systemClock.monotonic();
    try {
      for await (const message of client.watch(id, { ...(Number.isFinite(leftMs) && { timeoutMs: leftMs }), ...(resumeToken && { resumeToken }) })) {
        outage.answered();
        ({ resumeToken } = message);
        yield message;
      }
      return;
    } catch (error) {
      if (systemClock.monotonic() >= end) throw error;
      await outage.sitOut(error);
    }
  }
}
