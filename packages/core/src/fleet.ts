import type { Instant } from './engine-input.ts';
import type { LaneTable } from './lane-table.ts';
import { type LaneSpans, type Load, neededSenders, type SenderNeed } from './needed-senders.ts';
import { type QueueReading, Throughput } from './throughput.ts';
import { type CalendarEntry, outlookAt } from './traffic-calendar.ts';

export interface FleetPolicy {
  readonly lanes: LaneTable;
  /** Over how long the backlog of a lane without a target is spread, milliseconds. */
  readonly bulkWithinMs: number;
  readonly calendar: readonly CalendarEntry[];
  /** How long before an entry of the calendar its multiplier counts, milliseconds. */
  readonly lookAheadMs: number;
}

/** One destination, an upstream or a group of them: what waits for it, and what it takes. */
export interface UpstreamReading extends QueueReading {
  /** Mails that are ready and past their lane's target. */
  readonly late: number;
  /** While it is down one probe at a time is all that it is given. */
  readonly isUp: boolean;
  /** Attempts a second by its limits; Infinity without. */
  readonly rateLimit: number;
  /** Attempts at once by its limits, connections included; Infinity without. */
  readonly atOnce: number;
}

export interface FleetNeed extends SenderNeed {
  /** Mails of all upstreams that are past their lane's target. */
  readonly late: number;
  /** What the calendar asks for now; 1: nothing. */
  readonly multiplier: number;
  /** No sender is to be taken away now. */
  readonly frozen: boolean;
}

/** How many senders there should be: told regularly how the upstreams' mail stands, it measures what senders do. No clock, no I/O. */
export class Fleet {
  readonly #policy: FleetPolicy;
  readonly #spans: LaneSpans;
  readonly #throughputs = new Map<string, Throughput>();
  /** What was needed when the calendar last asked for nothing: its multipliers are of this, so that they do not add to the traffic that they foretold. */
  #usual = 1;
  #need: FleetNeed = { needed: 1, wanted: 1, allowed: Infinity, late: 0, multiplier: 1, frozen: false };

  constructor(policy: FleetPolicy) {
    this.#policy = policy;
    this.#spans = spansOf(policy);
  }

  /** As it was last observed. */
  get need(): FleetNeed {
    return this.#need;
  }

  observe(readings: readonly UpstreamReading[], senders: number, now: Instant): FleetNeed {
    const measured = neededSenders(
      readings.map((reading) => this.#loadOf(reading, senders, now.mono)),
      this.#spans,
    );
    const outlook = outlookAt(this.#policy.calendar, now.wall, this.#policy.lookAheadMs);
    if (outlook.multiplier === 1) this.#usual = measured.needed;
    const foretold = Math.min(measured.allowed, Math.ceil(this.#usual * outlook.multiplier - 1e-9));
    const least = outlook.frozen ? this.#need.needed : 1;
    const late = readings.reduce((sum, reading) => sum + reading.late, 0);
    this.#need = { ...measured, ...outlook, needed: Math.max(measured.needed, foretold, least), late };
    return this.#need;
  }

  #loadOf(reading: UpstreamReading, senders: number, mono: number): Load {
    const throughput = this.#throughputOf(reading.name);
    throughput.observe(reading, senders, this.#spans, mono);
    const { arriving, perSender, tookMs, plateau } = throughput;
    // So many transactions at once, each so long: a rate as well.
    const byPlaces = tookMs > 0 ? (reading.atOnce / tookMs) * 1_000 : Infinity;
    return {
      ready: reading.ready,
      late: reading.late,
      arriving,
      perSender,
      allowed: Math.min(reading.rateLimit, byPlaces),
      mostSenders: reading.isUp ? Math.min(plateau.mostSenders(mono), reading.atOnce) : 1,
    };
  }

  #throughputOf(upstream: string): Throughput {
    let throughput = this.#throughputs.get(upstream);
    if (!throughput) this.#throughputs.set(upstream, (throughput = new Throughput()));
    return throughput;
  }
}

function spansOf({ lanes, bulkWithinMs }: FleetPolicy): LaneSpans {
  return lanes.all.map(({ targetMs }) => (targetMs === Infinity ? bulkWithinMs : targetMs));
}
