import { announcePresence, readRoster, withdrawPresence, type Roster, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import type { Holding } from './holding.ts';
import { shareOut } from './sharing.ts';

export interface ContenderOptions {
  readonly connection: StreamConnection;
  readonly owner: string;
  /** How many there are. */
  readonly partitions: number;
  /** One for each partition that this scheduler may own. */
  readonly holdings: readonly Holding[];
  /** Whether they are shared with others; otherwise each of them is asked for whenever it has no owner. */
  readonly shares: boolean;
  readonly leaseTtlMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often it looks, as a part of the time to live of a lease. */
const lookShare = 0.2;

/** Contends for partitions: looks who owns which, takes what is free and its own part, gives up what is another's. */
export class Contender {
  readonly #options: ContenderOptions;
  #ready = false;
  /** How many partitions there are, as others say who say something else. */
  #others = '';

  constructor(options: ContenderOptions) {
    this.#options = options;
  }

  /** Each of the partitions has been seen with an owner that decides for it, be it this one or another. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Until the signal; resolves with everything given up. */
  async run(signal: AbortSignal): Promise<void> {
    const { owner, connection, clock, holdings, leaseTtlMs, log, shares } = this.#options;
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) => log.debug('it cannot be seen now who owns the partitions', { error }));
      await clock.sleep(leaseTtlMs * lookShare, signal).catch(() => {});
    }
    this.#ready = false;
    await Promise.all(holdings.map((holding) => holding.give()));
    if (shares) await withdrawPresence(connection, owner).catch((error: unknown) => log.debug('leaving was not announced', { error }));
  }

  async #look(): Promise<void> {
    const { connection, owner, partitions, leaseTtlMs, shares } = this.#options;
    if (shares) await announcePresence(connection, owner, partitions, leaseTtlMs);
    const roster = await readRoster(connection);
    this.#warn(roster);
    if (this.#mustYield(roster)) this.#yield();
    else if (this.#maySettle(roster)) await this.#shift(roster);
    this.#ready = this.#options.holdings.every(({ partition, tenure }) => tenure !== null || this.#isOthers(roster, partition));
  }

  async #shift(roster: Roster): Promise<void> {
    const { take, give } = this.#decide(roster);
    for (const holding of this.#options.holdings.filter(({ partition }) => partition === give)) {
      this.#options.log.info('giving a partition up to a scheduler that has fewer', { partition: holding.partition });
      void holding.give();
    }
    await Promise.all(this.#options.holdings.filter(({ partition }) => take.includes(partition)).map((holding) => holding.take()));
  }

  #warn({ ownersCounts, schedulers }: Roster): void {
    const { partitions, log } = this.#options;
    const counts = new Set([...ownersCounts, ...schedulers.values()]);
    const others = [...counts].filter((count) => count !== undefined && count !== partitions);
    if (others.length > 0 && this.#others !== String(others))
      log.warn('other schedulers go by another number of partitions: those that know of more wait until the others are stopped', {
        partitions,
        others,
      });
    this.#others = String(others);
  }

  /**
   * Limits are divided by the number of partitions, so nobody may own any beside one who goes by another number. While it is being raised, who knows of more waits until those who know
   * of fewer are stopped. Both may have begun in the same moment, each before the other was seen.
   */
  #mustYield({ ownersCounts }: Roster): boolean {
    const { partitions, holdings } = this.#options;
    return [...ownersCounts].some((count) => count < partitions) && holdings.some(({ isFree }) => !isFree);
  }

  #yield(): void {
    const { log, holdings } = this.#options;
    for (const holding of holdings.filter(({ tenure }) => tenure)) {
      log.warn('giving a partition up: the owner of another one knows of fewer partitions', { partition: holding.partition });
    }
    for (const holding of holdings) void holding.give();
  }

  #maySettle({ ownersCounts, schedulers }: Roster): boolean {
    const { partitions, holdings } = this.#options;
    if ([...ownersCounts].some((count) => count !== partitions)) return false;
    return holdings.some(({ isFree }) => !isFree) || [...schedulers.values()].every((count = partitions) => count >= partitions);
  }

  #decide({ owners, schedulers }: Roster) {
    const { holdings, owner, partitions, shares } = this.#options;
    if (!shares)
      return { take: holdings.filter(({ partition, isFree }) => isFree && !owners.has(partition)).map(({ partition }) => partition), give: null };
    return shareOut({
      partitions: holdings.length,
      me: owner,
      mine: new Set(holdings.filter(({ isFree }) => !isFree).map(({ partition }) => partition)),
      owners: new Map([...owners].map(([partition, note]) => [partition, note.owner])),
      schedulers: new Set([...schedulers.keys()].filter((name) => (schedulers.get(name) ?? partitions) === partitions)),
    });
  }

  #isOthers({ owners }: Roster, partition: number): boolean {
    const owner = owners.get(partition)?.owner;
    return owner !== undefined && owner !== this.#options.owner;
  }
}
