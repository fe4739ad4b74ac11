import { setTimeout as sleep } from 'node:timers/promises';
import { sharedNow } from '../shared-time.ts';
import { createTemplate, type Kind, type Template } from './message.ts';
import { Session } from './session.ts';

/** Ends when `mails` were sent or `forMs` is over, whichever is first. */
export interface LoadOrder extends Kind {
  readonly port: number;
  readonly sessions: number;
  readonly mails: number;
  readonly forMs: number;
  /** Mails begun in a second, however fast the relay answers; without it each session sends as fast as it is answered. */
  readonly ratePerSecond?: number;
  /** The number of the first mail, for a load in several orders. Default 0. */
  readonly firstNumber?: number;
  readonly pipelining: boolean;
}

/** By the number of the mail in this order, counted from 0. Times are of `sharedNow`. */
export interface LoadResult {
  readonly startedAt: number;
  /** How many mails were begun: the arrays are that long. */
  readonly begun: number;
  /** NaN: refused. */
  readonly acceptedAt: Float64Array;
  /** From the final dot to its reply. */
  readonly replyMs: Float64Array;
  /** From when the mail should have been sent to the reply: a relay that stalls delays those that were to follow too. */
  readonly wholeMs: Float64Array;
  readonly refusals: Readonly<Record<string, number>>;
}

/** A client that was told to come back later does not do so at once. */
const refusedPauseMs = 100;

export async function generateLoad(order: LoadOrder): Promise<LoadResult> {
  const sessions = await Promise.all(Array.from({ length: order.sessions }, () => Session.open(order.port, order.pipelining)));
  const run = new Run(order);
  await Promise.all(sessions.map((session) => run.drive(session)));
  await Promise.all(sessions.map((session) => session.close()));
  return run.result();
}

/** Orders of this process. */
let orders = 0;

class Run {
  readonly #number = (orders += 1);
  readonly #order: LoadOrder;
  readonly #template: Template;
  readonly #date = new Date().toUTCString();
  readonly #startedAt = sharedNow();
  readonly #acceptedAt: Float64Array;
  readonly #replyMs: Float64Array;
  readonly #wholeMs: Float64Array;
  readonly #refusals: Record<string, number> = {};
  #begun = 0;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#template = createTemplate(order);
    this.#acceptedAt = new Float64Array(order.mails).fill(Number.NaN);
    this.#replyMs = new Float64Array(order.mails).fill(Number.NaN);
    this.#wholeMs = new Float64Array(order.mails).fill(Number.NaN);
  }

  async drive(session: Session): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const wait = next.dueAt - sharedNow();
      if (wait > 0) await sleep(Math.ceil(wait));
      const handover = await session.send((this.#order.firstNumber ?? 0) + next.number, this.#number, this.#template, this.#date);
      if (handover.kind === 'refused') {
        this.#refusals[handover.reply] = (this.#refusals[handover.reply] ?? 0) + 1;
        await sleep(refusedPauseMs);
        continue;
      }
      this.#acceptedAt[next.number] = handover.at;
      this.#replyMs[next.number] = handover.replyMs;
      this.#wholeMs[next.number] = handover.at - next.dueAt;
    }
  }

  result(): LoadResult {
    const begun = this.#begun;
    const [acceptedAt, replyMs, wholeMs] = [this.#acceptedAt, this.#replyMs, this.#wholeMs].map((times) => times.slice(0, begun)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    return { startedAt: this.#startedAt, begun, acceptedAt, replyMs, wholeMs, refusals: this.#refusals };
  }

  #take(): { readonly number: number; readonly dueAt: number } | undefined {
    const { mails, forMs, ratePerSecond } = this.#order;
    const now = sharedNow();
    const dueAt = ratePerSecond === undefined ? now : this.#startedAt + (this.#begun * 1000) / ratePerSecond;
    if (this.#begun >= mails || Math.max(now, dueAt) - this.#startedAt >= forMs) return undefined;
    const number = this.#begun;
    this.#begun += 1;
    return { number, dueAt };
  }
}
