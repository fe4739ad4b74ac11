import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describeError, type Clock } from '@posthaste/telemetry';
import type { Answer } from './thread.ts';

const patienceMs = 5000;
const maxWaiting = 100;
/** MiB. What a mail holds in bytes lies beside it. */
const resourceLimits = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 32 };

const tooLong: Answer = { kind: 'unreadable', reason: `taking it apart takes more than ${patienceMs / 1000} s` };
const closed: Answer = { kind: 'unreadable', reason: 'the inbox closes' };
const tooMany: Answer = { kind: 'unreadable', reason: `${maxWaiting} mails wait to be taken apart already: try again` };

/**
 * Takes mails apart in a thread of its own, one after the other, and gives up on one that takes too long: a mail can be made so that it
 * keeps a parser busy for minutes, and SMTP must go on meanwhile.
 */
export class Reader {
  readonly #program: string;
  readonly #clock: Clock;
  #thread: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed = false;

  /** `program` is a file that calls serveReadings when it runs in a thread. */
  constructor(program: string, clock: Clock) {
    this.#program = program;
    this.#clock = clock;
  }

  async read(raw: Buffer): Promise<Answer> {
    if (this.#waiting >= maxWaiting) return tooMany;
    this.#waiting += 1;
    const answer = this.#turn.then(() => this.#ask(raw));
    this.#turn = answer.finally(() => (this.#waiting -= 1));
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#dismiss();
  }

  async #ask(raw: Buffer): Promise<Answer> {
    if (this.#closed) return closed;
    const thread = (this.#thread ??= new Worker(this.#program, { resourceLimits }));
    const done = new AbortController();
    // A copy: a Buffer is often a window on a larger memory, all of which would travel.
    const copy = new Uint8Array(raw);
    thread.postMessage(copy, [copy.buffer]);
    try {
      return await Promise.race([
        once(thread, 'message', { signal: done.signal }).then(([answer]) => answer as Answer),
        once(thread, 'exit', { signal: done.signal }).then(() => this.#giveUp()),
        this.#clock.sleep(patienceMs, done.signal).then(() => this.#giveUp()),
      ]);
    } catch (error) {
      await this.#dismiss();
      return { kind: 'unreadable', reason: `taking it apart broke off: ${describeError(error)}` };
    } finally {
      done.abort();
    }
  }

  async #giveUp(): Promise<Answer> {
    await this.#dismiss();
    return this.#closed ? closed : tooLong;
  }

  async #dismiss(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}
