import type { ConnectionsInForce } from '../allotting.ts';
import type { UpstreamRules } from '../upstream-rules.ts';
import type { Random } from './random.ts';

interface Pool {
  allotted: number;
  /** Of the last allotment on the present stream; 0: none was heard on it. */
  number: number;
  open: number;
}

/** A virtual sender's connections to those upstreams whose maximum the scheduler shares out. To the others it has as many as it likes. */
export class VirtualConnections {
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #random: Random;

  constructor(rules: UpstreamRules, random: Random) {
    const shared = [...rules].filter(([, { maxConnections }]) => maxConnections !== undefined);
    this.#pools = new Map(shared.map(([upstream]) => [upstream, { allotted: 0, number: 0, open: 0 }]));
    this.#random = random;
  }

  open(upstream: string): number {
    return this.#pools.get(upstream)?.open ?? 0;
  }

  /** Nothing can be sent there until more is allotted. */
  isShut(upstream: string): boolean {
    return this.#pools.get(upstream)?.allotted === 0;
  }

  /** False: so many are busy, and there may be no more. */
  take(upstream: string, busy: number): boolean {
    const pool = this.#pools.get(upstream);
    if (!pool || pool.open > busy) return true;
    if (pool.open >= pool.allotted) return false;
    pool.open += 1;
    return true;
  }

  /** One has ended its transaction: it stays open, or is closed because it is too much, or because it rests. Says whether any was closed. */
  rest(upstream: string, busy: number): boolean {
    const pool = this.#pools.get(upstream);
    if (!pool) return false;
    const before = pool.open;
    const kept = this.#random.chance(0.3) ? before - 1 : before;
    pool.open = Math.max(busy, Math.min(kept, pool.allotted));
    return pool.open < before;
  }

  /** False: a later allotment was heard before. */
  allot(upstream: string, connections: number, number: number, busy: number): boolean {
    const pool = this.#pools.get(upstream);
    if (!pool || number <= pool.number) return false;
    [pool.allotted, pool.number] = [connections, number];
    pool.open = Math.max(busy, Math.min(pool.open, connections));
    return true;
  }

  /** What was allotted outlasts a stream, its number does not. */
  beginStream(): void {
    for (const pool of this.#pools.values()) pool.number = 0;
  }

  /** The lease is over, and what was allotted under it is another's. */
  lose(): void {
    for (const pool of this.#pools.values()) pool.allotted = pool.open = 0;
  }

  inForce(upstream: string): ConnectionsInForce {
    const pool = this.#pools.get(upstream);
    return pool ? { upstream, connections: Math.max(pool.allotted, pool.open), allotment: pool.number } : { upstream };
  }
}
