import { stat } from 'node:fs/promises';
import type { Clock, Log } from '@posthaste/telemetry';
import { staleFiles } from './metrics.ts';

export interface LiveFileOptions<T> {
  /** For log and metric. */
  readonly name: 'certificate' | 'users';
  /** All files that the content is read from. */
  readonly paths: readonly string[];
  readonly read: () => Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  /** How often the files are looked at, milliseconds. Default 1,000. */
  readonly intervalMs?: number;
}

/** What stands in files that others replace while we run. A version that cannot be taken leaves the one before in force. */
export class LiveFile<T> {
  readonly #options: LiveFileOptions<T>;
  readonly #closing = new AbortController();
  readonly #listeners: ((current: T) => void)[] = [];
  #current: T;
  #seen: string;
  #fault: unknown;
  #queue: Promise<void> = Promise.resolve();

  private constructor(options: LiveFileOptions<T>, current: T, seen: string) {
    this.#options = options;
    this.#current = current;
    this.#seen = seen;
    void this.#watch();
  }

  /** Reads them for the first time: rejects when they cannot be taken. */
  static async open<T>(options: LiveFileOptions<T>): Promise<LiveFile<T>> {
    const seen = await identityOf(options.paths);
    const current = await options.read();
    staleFiles.labels(options.name).set(0);
    return new LiveFile(options, current, seen);
  }

  get current(): T {
    return this.#current;
  }

  /** Why the newest version could not be taken; undefined while all is well. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Called with each version that is taken from now on. */
  onChange(listener: (current: T) => void): void {
    this.#listeners.push(listener);
  }

  /** Reads anew, changed or not. */
  reload(): Promise<void> {
    this.#queue = this.#queue.then(async () => this.#take(await identityOf(this.#options.paths)));
    return this.#queue;
  }

  close(): void {
    this.#closing.abort();
  }

  async #watch(): Promise<void> {
    const { clock, paths, intervalMs = 1000 } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await clock.sleep(intervalMs, signal).catch(() => {});
      if (!signal.aborted && (await identityOf(paths)) !== this.#seen) await this.reload();
    }
  }

  /** `seen` is from before the reading: a change in the midst of it is seen at the next look. */
  async #take(seen: string): Promise<void> {
    const { name, read, log } = this.#options;
    this.#seen = seen;
    try {
      const current = await read();
      for (const listener of this.#listeners) listener(current);
      this.#current = current;
      this.#fault = undefined;
      log.info(`${name}: read anew`);
    } catch (error) {
      this.#fault = error;
      log.error(`${name}: the new version cannot be taken, the one before stays in force`, { error });
    }
    staleFiles.labels(name).set(this.#fault === undefined ? 0 : 1);
  }
}

/** Changes with every write, atomic rename, and swap of a symbolic link on the way: `stat` looks at what the links lead to. */
async function identityOf(paths: readonly string[]): Promise<string> {
  const all = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return all.map((file) => (file ? [file.dev, file.ino, file.size, file.mtimeNs, file.ctimeNs].join(':') : 'gone')).join(' ');
}
