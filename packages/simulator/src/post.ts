import type { Ticket } from '@posthaste/core';
import type { Random } from '@posthaste/core/simulation';
import type { Shares, Source } from './workload.ts';

/** Writes the mails of one source. */
export class Post {
  readonly #source: Source;
  readonly #random: Random;
  readonly #pickTenant: () => string;
  readonly #pickDomain: () => string;

  constructor(source: Source, random: Random) {
    this.#source = source;
    this.#random = random;
    this.#pickTenant = picker(source.tenants, random);
    this.#pickDomain = picker(source.domains, random);
  }

  /** `wall`: the door's clock. */
  write(wall: number): Ticket {
    const { name, lane, recipients, size, ttlMs, delayMs } = this.#source;
    const tenant = this.#pickTenant();
    return {
      id: this.#random.id(),
      tenant,
      ...lane,
      from: `bounces@${tenant}.example`,
      recipients: recipients === 1 ? [this.#address()] : Array.from({ length: recipients }, () => this.#address()),
      acceptedAt: wall,
      size,
      tags: { source: name },
      ...(delayMs !== null && { due: wall + delayMs }),
      ...(ttlMs !== null && { deadline: wall + (delayMs ?? 0) + ttlMs, byAge: true }),
    };
  }

  #address(): { address: string } {
    return { address: `p${this.#random.below(this.#source.people)}@${this.#pickDomain()}` };
  }
}

function picker(shares: Shares, random: Random): () => string {
  const [only] = shares;
  if (shares.length === 1 && only) return () => only[0];
  const whole = shares.reduce((sum, [, share]) => sum + share, 0);
  return () => {
    let lot = (random.word() / 2 ** 32) * whole;
    return shares.find(([, share]) => (lot -= share) < 0)?.[0] ?? only?.[0] ?? '';
  };
}
