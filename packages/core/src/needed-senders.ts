/** What waits for one upstream, and what it and a sender can do. Rates are a second. */
export interface Load {
  /** Mails that could go now, by their lane's rank. */
  readonly ready: readonly number[];
  /** Of these: past their lane's target. */
  readonly late: number;
  /** Mails that become ready, by their lane's rank. */
  readonly arriving: readonly number[];
  /** Attempts that one sender concludes. */
  readonly perSender: number;
  /** Attempts that the upstream takes, by its limits on rate, connections and concurrency; Infinity: no limit is known. */
  readonly allowed: number;
  /** Senders beyond which more would bring nothing; Infinity: none is known. */
  readonly mostSenders: number;
}

export interface SenderNeed {
  /** The smaller of what the backlog needs and what the upstreams allow; at least 1. */
  readonly needed: number;
  /** What the backlog would need if the upstreams took everything. */
  readonly wanted: number;
  /** What the upstreams allow, whatever waits; Infinity: no limit is known. */
  readonly allowed: number;
}

/** By rank: how soon a lane's mail should be begun, milliseconds, and so over how long its backlog is spread. Finite. */
export type LaneSpans = readonly number[];

/** What is late already should be gone in so long. */
const catchUpMs = 60_000;
/** Senders are counted on for so much of what they can do, so that a queue does not grow by chance alone. */
const usedShare = 0.8;

/**
 * Senders serve all upstreams side by side, so the upstream that needs the most of them counts and not the sum: what a sender does for one upstream was
 * measured while it did its work for the others.
 */
export function neededSenders(loads: readonly Load[], spans: LaneSpans): SenderNeed {
  const each = loads.map((load) => needOf(load, spans));
  return {
    needed: Math.max(1, ...each.map(({ wanted, allowed }) => Math.min(wanted, allowed))),
    wanted: Math.max(1, ...each.map(({ wanted }) => wanted)),
    allowed: Math.max(1, ...each.map(({ allowed }) => allowed)),
  };
}

function needOf(load: Load, spans: LaneSpans): { readonly wanted: number; readonly allowed: number } {
  const usable = load.perSender * usedShare;
  return {
    wanted: sendersFor(requiredRate(load, spans), usable),
    allowed: Math.max(1, Math.min(sendersFor(load.allowed, usable), load.mostSenders)),
  };
}

/** A rounding error must not cost a sender. */
function sendersFor(rate: number, perSender: number): number {
  return Math.ceil(rate / perSender - 1e-9);
}

/**
 * The least rate at which nothing is begun later than its lane wants: what is served within a span must include all that is due within it, from the
 * most urgent lane on, and keep up with what comes meanwhile.
 */
function requiredRate({ ready, late, arriving }: Load, spans: LaneSpans): number {
  let most = (late / catchUpMs) * 1_000;
  let waiting = 0;
  let coming = 0;
  for (const [rank, span] of [...spans.entries()].toSorted(([, a], [, b]) => a - b)) {
    waiting += ready[rank] ?? 0;
    coming += arriving[rank] ?? 0;
    most = Math.max(most, (waiting / span) * 1_000 + coming);
  }
  return Math.max(most, (late / catchUpMs) * 1_000 + coming);
}
