import type { Lease } from '@posthaste/stream';
import type { Log } from '@posthaste/telemetry';
import { metrics } from './metrics.ts';
import type { Tenure } from './tenure.ts';

export interface HoldingOptions {
  readonly partition: number;
  readonly lease: Lease;
  readonly begin: () => Promise<Tenure>;
  readonly log: Log;
}

/**
 * free: another owns the partition, or nobody.
 * held: the lease is ours, and the tenure begins, goes on or ends.
 */
type Stage = { readonly kind: 'free' } | { readonly kind: 'held'; readonly given: AbortController; readonly over: Promise<void> };

/** What this scheduler has of one partition. */
export class Holding {
  readonly partition: number;
  readonly #options: HoldingOptions;
  #stage: Stage = { kind: 'free' };
  #tenure: Tenure | null = null;

  constructor(options: HoldingOptions) {
    this.partition = options.partition;
    this.#options = options;
    metrics.owner.set({ partition: this.partition }, 0);
  }

  /** Present while this scheduler decides for the partition. */
  get tenure(): Tenure | null {
    return this.#tenure;
  }

  get isFree(): boolean {
    return this.#stage.kind === 'free';
  }

  /** Asks for it once. The tenure begins by itself after that; one that cannot begin, or is lost, leaves the partition free again. */
  async take(): Promise<void> {
    if (!this.isFree || !(await this.#options.lease.tryAcquire())) return;
    const given = new AbortController();
    this.#stage = { kind: 'held', given, over: this.#own(given.signal) };
  }

  /** Gives it up in order. Resolves when another can have it. */
  async give(): Promise<void> {
    if (this.#stage.kind === 'free') return;
    this.#stage.given.abort();
    await this.#stage.over;
  }

  async #own(given: AbortSignal): Promise<void> {
    const { lease, log } = this.#options;
    try {
      await this.#decide(given);
    } catch (error) {
      log.error('the partition could not be taken over; trying again', { error });
    } finally {
      this.#show(null);
      await lease.release();
      this.#stage = { kind: 'free' };
    }
  }

  async #decide(given: AbortSignal): Promise<void> {
    const { begin, log } = this.#options;
    const tenure = await begin();
    this.#show(tenure);
    log.info('owning the partition');
    const asked = Promise.withResolvers<void>();
    given.addEventListener('abort', () => asked.resolve(), { once: true });
    if (given.aborted) asked.resolve();
    await Promise.race([tenure.over, asked.promise]);
    log.info('the ownership ends', { asked: given.aborted });
    this.#show(null);
    await tenure.end();
  }

  #show(tenure: Tenure | null): void {
    this.#tenure = tenure;
    metrics.owner.set({ partition: this.partition }, tenure ? 1 : 0);
  }
}
