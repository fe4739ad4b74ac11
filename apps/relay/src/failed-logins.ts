import type { Clock } from '@posthaste/telemetry';

/** So many addresses are kept in mind; of more, the one whose window began first is forgotten. */
const mostAddresses = 10_000;

/** Counts failed logins for each client over a window of time, whatever session they came in. */
export class FailedLogins {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #windowMs: number;
  /** In the order in which their windows began. */
  readonly #windows = new Map<string, { readonly since: number; count: number }>();

  constructor(clock: Clock, limit: number, windowMs: number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  count(client: string): void {
    const window = this.#windowOf(client);
    if (window) window.count += 1;
    else this.#begin(client);
  }

  isOverLimit(client: string): boolean {
    return (this.#windowOf(client)?.count ?? 0) >= this.#limit;
  }

  #begin(client: string): void {
    this.#windows.delete(client);
    const oldest = this.#windows.size >= mostAddresses ? this.#windows.keys().next().value : undefined;
    if (oldest !== undefined) this.#windows.delete(oldest);
    this.#windows.set(client, { since: this.#clock.monotonic(), count: 1 });
  }

  #windowOf(client: string) {
    const window = this.#windows.get(client);
    return window && this.#clock.monotonic() - window.since < this.#windowMs ? window : undefined;
  }
}
