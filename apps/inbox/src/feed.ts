import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isForeign } from '@posthaste/protocol/browser';
import type { Clock } from '@posthaste/telemetry';
import { refuse } from './reply.ts';

const maxReaders = 50;
/** A reader that has fallen back this far is cut off; it connects again and reads anew. */
const maxBacklogBytes = 4 * 1024 * 1024;
const heartbeatMs = 20_000;

/** One stream of server-sent events, for all who read it. */
export class Feed {
  readonly #clock: Clock;
  readonly #readers = new Set<ServerResponse>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Resolves when the reader has gone. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isForeign(request.headers)) return refuse(response, 403, { message: 'another site may not read along', hint: 'open the page of the inbox' });
    if (this.#readers.size >= maxReaders) {
      return refuse(response, 503, { message: `${maxReaders} read along already`, hint: 'close some pages of the inbox' });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(': welcome\n\n');
    this.#readers.add(response);
    await this.#keepAlive(response);
    this.#readers.delete(response);
  }

  /** `data` is one line. */
  send(data: string): void {
    for (const reader of this.#readers) this.#write(reader, `data: ${data}\n\n`);
  }

  #write(reader: ServerResponse, text: string): void {
    if (reader.writableLength > maxBacklogBytes) reader.destroy();
    else reader.write(text);
  }

  /** Proxies cut what is silent, and only a write finds out that a reader has gone without a word. */
  async #keepAlive(reader: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const closed = once(reader, 'close').finally(() => gone.abort());
    while (!gone.signal.aborted) {
      const rested = await this.#clock.sleep(heartbeatMs, gone.signal).then(
        () => true,
        () => false,
      );
      if (rested) this.#write(reader, ': still here\n\n');
    }
    await closed;
  }
}
