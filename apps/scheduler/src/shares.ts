import { budgetsOf, type EnginePolicy, ShareHolder, type ShareMap, type ShareTable, type ShareWrite } from '@posthaste/core';
import { isStreamError, readShares, type StreamConnection, writeShares } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import type { Driver } from './driver.ts';

export interface SharesOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly partitions: number;
  readonly epoch: number;
  readonly policy: EnginePolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How often it is looked what others ask for and give: a limit moves at most once in that time from each partition. */
const lookEveryMs = 1_000;
/** Others write too: so often it is tried anew at once. */
const tries = 3;
/** So many looks in a row must find that writes are lost: a leader that is new may not have come to its end. */
const looksUntilLost = 2;
/** Before a claim that was not stored is tried again. */
const claimAgainMs = 100;

/** A partition's shares of all limits: what its engine may use, and what it gives to others and asks of them, in SHARES. */
export class Shares {
  readonly #options: SharesOptions;
  readonly #holder: ShareHolder;
  #hasWarned = false;
  #looksBehind = 0;

  private constructor(options: SharesOptions) {
    this.#options = options;
    this.#holder = new ShareHolder({ ...options, budgets: budgetsOf(options.policy), since: options.clock.monotonic() });
  }

  /** Takes over what the partition has. Null when there is nothing to be shared. Rejects when the streams are away, and when a later owner has it. */
  static async claim(options: SharesOptions): Promise<Shares | null> {
    if (options.partitions === 1 || budgetsOf(options.policy).size === 0) return null;
    const shares = new Shares(options);
    await shares.#claim();
    return shares;
  }

  get inForce(): ShareMap {
    return this.#holder.inForce;
  }

  /** Until the end of the ownership. True: it must end, and the next one claim what SHARES says now, as everybody else does. */
  async keep(driver: Driver): Promise<boolean> {
    const { clock, log, signal } = this.#options;
    while (!signal.aborted && !this.#holder.isSuperseded) {
      await this.#look(driver).then(
        () => (this.#hasWarned = false),
        (error: unknown) => this.#warn(error),
      );
      if (this.#looksBehind >= looksUntilLost) {
        log.warn(
          'SHARES has gone back: writes are lost (a power cut, a restored or deleted stream): the ownership ends, and the shares are claimed anew',
        );
        return true;
      }
      await clock.sleep(lookEveryMs, signal).catch(() => {});
    }
    return false;
  }

  #warn(error: unknown): void {
    const { log, signal } = this.#options;
    if (signal.aborted || isStreamError(error, 'AWAY')) return log.debug('shares of limits stay as they are: SHARES is away', { error });
    if (!this.#hasWarned) log.warn('shares of limits are not moved: SHARES cannot be read or written', { error });
    this.#hasWarned = true;
  }

  async #claim(): Promise<void> {
    const { clock, signal } = this.#options;
    for (;;) {
      if (await this.#read()) throw new Error('SHARES has gone back while the partition was being claimed: writes are lost');
      if (this.#holder.isSuperseded) throw new Error(this.#superseded());
      if (this.#holder.isClaimed) return this.#holder.begin();
      if (await this.#write(this.#holder.claim())) return this.#holder.begin();
      await clock.sleep(claimAgainMs, signal);
    }
  }

  #superseded(): string {
    const { partition, epoch } = this.#options;
    const found = `SHARES says that epoch ${this.#holder.claimedBy} has claimed partition ${partition}, and this owner is epoch ${epoch} by JOURNAL`;
    return `${found}: either a later owner is there, or JOURNAL has lost its end (a power cut, a restored stream); each further try raises the epoch by one`;
  }

  async #look(driver: Driver): Promise<void> {
    const { signal } = this.#options;
    for (let left = tries; left > 0; left -= 1) {
      this.#looksBehind = (await this.#read()) ? this.#looksBehind + 1 : 0;
      if (this.#looksBehind > 0) return;
      if (signal.aborted) return;
      const write = this.#decide(driver);
      if (!write || (await this.#write(write))) return;
    }
  }

  /** In one go: nothing is dispatched between what was seen to be used and what is in force then. */
  #decide(driver: Driver): ShareWrite | null {
    const before = this.#holder.inForce;
    const now = driver.now();
    const write = this.#holder.look(driver.engine.shareUses(now), now.mono);
    if (JSON.stringify([...before]) !== JSON.stringify([...this.#holder.inForce]))
      driver.tell({ kind: 'shares changed', shares: this.#holder.inForce });
    return write;
  }

  /** True when it is older than what was read or written before. Only the leader can tell a replica that lags behind from a stream that has lost writes. */
  async #read(fromLeader = false): Promise<boolean> {
    const stored = await readShares(this.#options.connection, { fromLeader });
    const found = stored && { table: stored.content as ShareTable, revision: stored.revision };
    if (this.#holder.isAhead(found)) return fromLeader || this.#read(true);
    this.#holder.note(found);
    return false;
  }

  /** False when somebody else has written meanwhile. */
  async #write(write: ShareWrite): Promise<boolean> {
    try {
      this.#holder.stored(write.table, await writeShares(this.#options.connection, write.table, write.expected));
      return true;
    } catch (error) {
      if (isStreamError(error, 'FENCED')) return false;
      this.#holder.doubt(write);
      throw error;
    }
  }
}
