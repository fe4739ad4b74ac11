import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Attempt, type AttemptOutcome, Engine, type Instant, Router } from '@posthaste/core';
import { CoreMail } from './core-mail.ts';

export interface CoreOrder {
  /** Mails that wait while it decides. */
  readonly waiting: number;
  readonly tenants: number;
  readonly upstreams: number;
}

export interface CoreResult extends CoreOrder {
  /** Mails taken in and filed. */
  readonly arrivalsPerSecond: number;
  /** A decision is a mail chosen, journalled as started, handed out, reported and journalled as delivered. */
  readonly decisionsPerSecond: number;
  /** CPU time of the deciding thread: what a decision costs on a machine that has other work too. */
  readonly cpuMicrosPerDecision: number;
  /** Longest step, or taking in of what came meanwhile: the time for which nothing else happens. */
  readonly longestStepMs: number;
  /** Of the heap, by the waiting mails. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const senders = ['sender-1', 'sender-2'];
/** Attempts of one sender for one upstream. */
const window = 20;
const warmUpDecisions = 200_000;
const measuredDecisions = 400_000;
const arrivalsAtOnce = 500;
/** As often as the scheduler makes a checkpoint. */
const decisionsPerSnapshot = 25_000;

export function measureCore(order: CoreOrder): CoreResult {
  const bench = new CoreBench(order);
  const before = settledMemory();
  const arrivalMs = bench.fill();
  const after = settledMemory();
  bench.hireSenders();
  bench.decide(warmUpDecisions);
  const { spentMs, cpuMicros, longestStepMs } = bench.decide(measuredDecisions);
  return {
    ...order,
    arrivalsPerSecond: (order.waiting * 1_000) / arrivalMs,
    decisionsPerSecond: (measuredDecisions * 1_000) / spentMs,
    cpuMicrosPerDecision: cpuMicros / measuredDecisions,
    longestStepMs,
    heapBytes: after.heapBytes - before.heapBytes,
    rssBytes: after.rssBytes,
  };
}

interface Spent {
  readonly spentMs: number;
  readonly cpuMicros: number;
  readonly longestStepMs: number;
}

/** An engine with so many mails waiting, and senders whose upstreams take everything at once. */
class CoreBench {
  readonly #order: CoreOrder;
  readonly #engine: Engine;
  readonly #mail: CoreMail;
  #now: Instant = { wall: Date.now(), mono: 0 };

  constructor(order: CoreOrder) {
    const names = Array.from({ length: order.upstreams }, (_, index) => `upstream-${index}`);
    const routes = names.map((name) => ({ match: { kind: 'domain', value: `${name}.example` } as const, upstream: name }));
    this.#order = order;
    this.#engine = new Engine({ epoch: 1, router: new Router(names, routes) });
    this.#mail = new CoreMail(order.tenants, order.upstreams);
  }

  /** Up to the number that is to wait; returns the milliseconds that the engine took. */
  fill(): number {
    let spentMs = 0;
    while (this.#engine.size < this.#order.waiting) spentMs += this.#arrive(Math.min(arrivalsAtOnce, this.#order.waiting - this.#engine.size));
    return spentMs;
  }

  hireSenders(): void {
    const credits = Array.from({ length: this.#order.upstreams }, (_, index) => ({ upstream: `upstream-${index}`, window }));
    for (const sender of senders) this.#engine.handle({ kind: 'hello', sender, held: [], outcomes: [], credits }, this.#now);
  }

  /** As many attempts started and delivered, while what has gone is made up for: the making up is not counted. */
  decide(decisions: number): Spent {
    let [spentMs, cpuMicros, longestStepMs, sinceSnapshot] = [0, 0, 0, 0];
    for (let left = decisions; left > 0;) {
      const sent = new Map<string, readonly Attempt[]>();
      const cpuBegan = process.threadCpuUsage();
      const beganAt = performance.now();
      for (const effect of this.#engine.takeStep(this.#now).effects) if (effect.kind === 'send') sent.set(effect.sender, effect.attempts);
      for (const [sender, attempts] of sent) this.#engine.handle({ kind: 'reported', sender, outcomes: attempts.map(delivered) }, this.#now);
      const tookMs = performance.now() - beganAt;
      const count = [...sent.values()].reduce((sum, attempts) => sum + attempts.length, 0);
      if (count === 0) throw new Error('nothing is left to be decided');
      const { user, system } = process.threadCpuUsage(cpuBegan);
      spentMs += tookMs;
      cpuMicros += user + system;
      left -= count;
      if ((sinceSnapshot += count) >= decisionsPerSnapshot) sinceSnapshot = this.#snapshot();
      longestStepMs = Math.max(longestStepMs, tookMs, this.#arrive(count));
    }
    return { spentMs, cpuMicros, longestStepMs };
  }

  #arrive(count: number): number {
    this.#now = { wall: this.#now.wall + 1, mono: this.#now.mono + 1 };
    const arrivals = Array.from({ length: count }, () => this.#mail.next(this.#now.wall));
    const beganAt = performance.now();
    for (const { ticket, place } of arrivals) this.#engine.handle({ kind: 'arrived', ticket, place }, this.#now);
    // Without senders a step only journals; with them the next decisions begin with it.
    if (this.#engine.senders().length === 0) this.#engine.takeStep(this.#now);
    return performance.now() - beganAt;
  }

  #snapshot(): 0 {
    this.#engine.takeSnapshot();
    return 0;
  }
}

function delivered({ id, mail, recipients }: Attempt): AttemptOutcome {
  const reply = { code: 250, enhanced: '2.0.0', text: '2.0.0 Ok: queued' };
  return { attempt: id, id: mail.ticket.id, tookMs: 5, recipients: [{ recipients, outcome: 'delivered', reply }] };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function settledMemory(): { readonly heapBytes: number; readonly rssBytes: number } {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}
