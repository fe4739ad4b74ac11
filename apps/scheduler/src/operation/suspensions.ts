import type { Intervention, Suspension } from '@posthaste/core';
import { createSetting, readSettings, removeSetting, settingsStream, streamState, type Publisher, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import type { Driver } from '../driver.ts';

/** How soon a suspension that another scheduler was told of is known here, if nobody told this one. */
const lookEveryMs = 2_000;

export interface SuspensionsOptions {
  readonly connection: StreamConnection;
  readonly publisher: Publisher;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * The suspensions in SETTINGS, which all schedulers share and which outlive them: what is made or lifted here is written there first. Whoever is told of one
 * has it in force at once; whoever is not sees it when it looks.
 */
export class Suspensions {
  readonly #options: SuspensionsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #seen = '';

  constructor(options: SuspensionsOptions) {
    this.#options = options;
  }

  /** Resolves when it is in force. */
  create(suspension: Suspension): Promise<void> {
    return this.#inTurn(async () => {
      const { publisher, driver } = this.#options;
      await createSetting(publisher, 'suspension', suspension.id, suspension);
      driver.tell({ kind: 'suspend', suspension });
      await driver.journalled();
    });
  }

  /** False when there is none by this id. */
  lift(id: string, by: Pick<Intervention, 'author' | 'comment'>): Promise<boolean> {
    return this.#inTurn(async () => {
      const { connection, driver } = this.#options;
      const stood = driver.engine.suspensions.some((suspension) => suspension.id === id);
      const stored = await removeSetting(connection, 'suspension', id);
      driver.tell({ kind: 'lift', id, by });
      await driver.journalled();
      return stood || stored;
    });
  }

  /** Looks until the end of the ownership whether others have made or lifted any. */
  async watch(): Promise<void> {
    const { clock, log, signal } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(lookEveryMs, signal).catch(() => {});
      if (!signal.aborted)
        await this.#inTurn(() => this.#look()).catch((error: unknown) => log.debug('the suspensions cannot be read now', { error }));
    }
  }

  async #look(): Promise<void> {
    const { connection, driver, clock, signal } = this.#options;
    const { last, messages } = await streamState(connection, settingsStream);
    const seen = `${last} ${messages}`;
    if (seen === this.#seen) return;
    const stored = await readSuspensions(connection, signal);
    driver.tell({ kind: 'suspensions', suspensions: stored.filter(({ expires = Infinity }) => expires > clock.now()) });
    for (const { id, expires = Infinity } of stored) if (expires <= clock.now()) await removeSetting(connection, 'suspension', id);
    this.#seen = seen;
  }

  /** What is read and told must not be overtaken by what is written meanwhile. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act, act);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

export async function readSuspensions(connection: StreamConnection, signal: AbortSignal): Promise<Suspension[]> {
  return (await readSettings(connection, 'suspension', signal)) as Suspension[];
}
