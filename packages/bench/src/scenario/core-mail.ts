import { randomUUIDv7 } from 'node:crypto';
import { encodeTicket, lanes, readTicket, type Lane, type Place, type Ticket } from '@posthaste/core';

const hourMs = 3_600_000;

/** One in twenty is immediate, half is low. */
const lots: readonly Lane[] = [1, 3, 6, 10].flatMap((count, index) => Array.from({ length: count }, () => lanes[index] as Lane));

export interface Arrival {
  readonly ticket: Ticket;
  readonly place: Place;
}

/** Mail of several lanes, tenants and upstreams as a door writes it: every third is useful for some hours only. */
export class CoreMail {
  readonly #tenants: number;
  readonly #upstreams: number;
  readonly #sequences = new Map<Lane, number>();
  #made = 0;

  constructor(tenants: number, upstreams: number) {
    this.#tenants = tenants;
    this.#upstreams = upstreams;
  }

  next(now: number): Arrival {
    const lot = pseudoRandom((this.#made += 1));
    const lane = lots[lot % lots.length] as Lane;
    const sequence = (this.#sequences.get(lane) ?? 0) + 1;
    this.#sequences.set(lane, sequence);
    return { ticket: this.#write(lane, lot, now), place: { kind: 'log', lane, sequence } };
  }

  /** By way of the header, so that the ticket weighs what it weighs in the scheduler. */
  #write(lane: Lane, lot: number, now: number): Ticket {
    const id = randomUUIDv7();
    const tenant = `tenant-${(lot >>> 5) % this.#tenants}`;
    const ticket = readTicket(
      encodeTicket({
        id,
        tenant,
        lane,
        from: `bounces@${tenant}.example`,
        recipients: [{ address: `customer.${this.#made}@upstream-${(lot >>> 9) % this.#upstreams}.example` }],
        acceptedAt: now,
        size: 10_000 + (lot % 5_000),
        messageId: `<${id}@${tenant}.example>`,
        ...(lot % 3 === 0 && { deadline: now + hourMs + (lot % (24 * hourMs)) }),
      }),
    );
    if (!ticket) throw new Error('a ticket could not be read back');
    return ticket;
  }
}

/** The same mix on every machine (a step of murmur3's finalizer). */
function pseudoRandom(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
