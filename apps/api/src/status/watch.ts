import { hash } from 'node:crypto';
import { MessageState, type Message } from '@posthaste/protocol';
import { catchUp, findMessage, type FoundMessage, type MessageSources } from './message-finding.ts';
import { refusal } from '../refusal/refusal.ts';

/** A message after a change. */
export interface Sighting {
  readonly message: Message;
  /** Names what `message` says: a watch that is given it does not say the same again. It holds for every api, and for a ledger that was rebuilt. */
  readonly resumeToken: string;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  readonly resumeToken?: string | undefined;
}

export interface MessageWatch {
  /**
   * The message now, and after each change until it is final. Changes that come while the last one is being told are told as one: what a slow
   * reader costs does not grow. Rejects as findMessage does, and with UNAVAILABLE after `drain`.
   */
  watchMessage(id: string, options: WatchOptions): AsyncGenerator<Sighting, void, undefined>;
  /** Ends all watches; each client may go on at another api. */
  drain(): void;
}

export function createMessageWatch(sources: MessageSources): MessageWatch {
  const draining = new AbortController();
  return {
    watchMessage: (id, { signal, resumeToken }) => watch(sources, id, AbortSignal.any([signal, draining.signal]), resumeToken),
    drain: () => draining.abort(refusal('UNAVAILABLE', 'this server is shutting down: go on with the last resume token')),
  };
}

/** First the subscription, then the first look: what changes in between is seen by the one or told by the other. */
async function* watch(sources: MessageSources, id: string, signal: AbortSignal, resumeToken: string | undefined): AsyncGenerator<Sighting, void> {
  const bell = new Bell(signal);
  const unsubscribe = sources.ledger.subscribe(id, () => bell.ring());
  try {
    // Who comes back may have been told more than this ledger has read.
    if (resumeToken !== undefined) await catchUp(sources.ledger, signal);
    let told = resumeToken;
    for (;;) {
      const found = await findMessage(sources, id, signal);
      const { message } = found;
      const token = tokenOf(message);
      if (token !== told) yield { message, resumeToken: token };
      told = token;
      if (isSettled(message.state)) return;
      await bell.rung();
      await passBy(sources, found, signal);
    }
  } finally {
    unsubscribe();
    bell.close();
  }
}

/** The scheduler may have told of more than the ledger has read so far. */
function passBy({ ledger }: MessageSources, { from }: FoundMessage, signal: AbortSignal): Promise<void> | undefined {
  return from === 'scheduler' ? catchUp(ledger, signal) : undefined;
}

/** Rings once for any number of changes since it was last heard. */
class Bell {
  readonly #signal: AbortSignal;
  readonly #abandon = () => this.#waiting?.reject(this.#signal.reason);
  #isRung = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#abandon, { once: true });
  }

  ring(): void {
    this.#isRung = true;
    this.#waiting?.resolve();
  }

  async rung(): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#isRung) await (this.#waiting = Promise.withResolvers<void>()).promise;
    this.#waiting = undefined;
    this.#isRung = false;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abandon);
  }
}

export function isSettled(state: MessageState): boolean {
  return state >= MessageState.DELIVERED;
}

/** A digest of what the message says of its recipients. Not of times that pass by themselves, nor of what only the ledger knows. */
function tokenOf({ recipients }: Message): string {
  const facts = recipients.map(({ state, reason, attemptCount, lastReply, attempts }) => {
    const last = attempts.at(-1);
    return [state, reason, attemptCount, lastReply?.code, lastReply?.text, last?.id, last?.outcome];
  });
  return hash('sha256', JSON.stringify(facts), 'base64url').slice(0, 20);
}
