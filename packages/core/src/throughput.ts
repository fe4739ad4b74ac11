import { Plateau } from './plateau.ts';
import type { LaneSpans } from './needed-senders.ts';

/** How the mail for one upstream stands. The counters only grow. */
export interface QueueReading {
  readonly name: string;
  /** Mails that could go now, by their lane's rank. */
  readonly ready: readonly number[];
  /** Mails that have become ready, by their lane's rank. */
  readonly arrived: readonly number[];
  /** Attempts that the upstream answered, and the time that they took together. */
  readonly concluded: number;
  readonly tookMs: number;
  /** Mail is ready, and no sender has room for it: senders do all that they can. */
  readonly full: boolean;
}

/** Of a sender that has not shown yet what it can do: 20 connections at 200 ms each. */
const firstGuess = 100;
/** The guess weighs as much as so long a measurement. */
const guessMs = 500;
const leastPerSender = 0.1;
/** A measurement counts for so long, roughly. */
const memoryMs = 15_000;
/** Arrivals of a lane are spread over its span, within these bounds: a burst counts once, as what is to be served within the span. */
const shortestSpanMs = 30_000;

/** What is measured of one upstream's mail from one reading to the next: exponentially weighted means. */
export class Throughput {
  /** Mails a second that become ready, by their lane's rank. */
  readonly arriving: number[] = [];
  /** Attempts a second that one sender concludes when it does all it can. */
  perSender = firstGuess;
  /** Mean length of a transaction; 0 while none was measured. */
  tookMs = 0;
  readonly plateau = new Plateau();
  #measuredMs = guessMs;
  #last: { readonly reading: QueueReading; readonly mono: number } | null = null;

  observe(reading: QueueReading, senders: number, spans: LaneSpans, mono: number): void {
    const last = this.#last;
    if (last && mono <= last.mono) return;
    this.#last = { reading, mono };
    if (!last) return;
    const spentMs = mono - last.mono;
    for (const [rank, span] of spans.entries()) {
      const rate = (((reading.arrived[rank] ?? 0) - (last.reading.arrived[rank] ?? 0)) / spentMs) * 1_000;
      const before = this.arriving[rank] ?? 0;
      this.arriving[rank] = before + (rate - before) * weight(spentMs, Math.max(shortestSpanMs, span));
    }
    this.#measureLength(reading, last.reading, spentMs);
    if (senders > 0) this.#measureSenders(reading, last.reading, senders, spentMs, mono);
  }

  #measureLength(reading: QueueReading, last: QueueReading, spentMs: number): void {
    const concluded = reading.concluded - last.concluded;
    if (concluded <= 0) return;
    const tookMs = (reading.tookMs - last.tookMs) / concluded;
    this.tookMs += (tookMs - this.tookMs) * (this.tookMs === 0 ? 1 : weight(spentMs, memoryMs));
  }

  /** Only senders that do all they can show how much that is; others show that it is no less. */
  #measureSenders(reading: QueueReading, last: QueueReading, senders: number, spentMs: number, mono: number): void {
    const total = ((reading.concluded - last.concluded) / spentMs) * 1_000;
    const isFull = reading.full && last.full;
    const rate = total / senders;
    if (isFull || rate > this.perSender) this.#correct(rate, spentMs);
    if (isFull) this.plateau.observe(senders, total, spentMs, mono);
  }

  #correct(rate: number, spentMs: number): void {
    this.#measuredMs += spentMs;
    const share = Math.max(weight(spentMs, memoryMs), spentMs / this.#measuredMs);
    this.perSender = Math.max(leastPerSender, this.perSender + (rate - this.perSender) * share);
  }
}

function weight(spentMs: number, memoryOfMs: number): number {
  return 1 - Math.exp(-spentMs / memoryOfMs);
}
