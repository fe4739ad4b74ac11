import { CheckPlan, phaseOf } from '@posthaste/core/check-plan';
import type { Upstream } from './upstream.ts';

export interface PoolOptions {
  readonly upstream: Upstream;
  /** Most connections of this sender. */
  readonly connections: number;
  /** The scheduler says how many of them it may have. */
  readonly isAllotted: boolean;
  readonly checkEveryMs: number;
  readonly sender: string;
  readonly startedAt: number;
}

/** A sender's connections to one upstream. */
export class Pool<Waiting> {
  readonly upstream: Upstream;
  readonly plan: CheckPlan;
  readonly queue: Waiting[] = [];
  busy = 0;
  /** Of the last allotment on the present stream; 0: none was heard on it. */
  number = 0;
  readonly isAllotted: boolean;
  readonly #connections: number;
  #allotted: number;

  constructor({ upstream, connections, isAllotted, checkEveryMs, sender, startedAt }: PoolOptions) {
    this.upstream = upstream;
    this.isAllotted = isAllotted;
    this.#connections = connections;
    this.#allotted = isAllotted ? 0 : Infinity;
    this.plan = new CheckPlan({ everyMs: checkEveryMs, phase: phaseOf(`${sender} ${upstream.name}`), startedAt });
  }

  /** Most that it may have now. */
  get most(): number {
    return Math.min(this.#connections, this.#allotted);
  }

  get hasRoom(): boolean {
    return this.busy < this.most && this.upstream.hasRoom;
  }

  /** Most that it has or will open: those that are too many end with their transactions. */
  get inForce(): number {
    return Math.max(this.busy, this.most);
  }

  /** False: a later one was heard before. */
  allot(connections: number, number: number): boolean {
    if (number <= this.number) return false;
    [this.#allotted, this.number] = [connections, number];
    return true;
  }

  /** The lease is over, and what was allotted is another's. */
  loseAllotment(): void {
    if (this.isAllotted) this.#allotted = 0;
  }
}
