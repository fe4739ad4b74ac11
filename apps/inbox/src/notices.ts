import type { Clock } from '@posthaste/telemetry';
import type { Feed } from './feed.ts';

/** A page that shows thousands of mails a second redraws itself no oftener than this. */
const restMs = 200;

/** Tells the pages that something has changed, not what: they read it anew. Many changes in a short time are one notice. */
export class Notices {
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #state: 'calm' | 'resting' | 'pending' = 'calm';

  constructor(feed: Feed, clock: Clock) {
    this.#feed = feed;
    this.#clock = clock;
  }

  changed(): void {
    if (this.#state !== 'calm') this.#state = 'pending';
    else if (this.#feed.readers > 0) this.#tell();
  }

  end(): void {
    this.#ended.abort();
  }

  #tell(): void {
    this.#state = 'resting';
    this.#feed.send('changed');
    this.#clock.sleep(restMs, this.#ended.signal).then(
      () => {
        const pending = this.#state === 'pending';
        this.#state = 'calm';
        if (pending) this.changed();
      },
      // It was ended: nobody reads any more.
      () => {},
    );
  }
}
