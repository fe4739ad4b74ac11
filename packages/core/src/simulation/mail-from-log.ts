import { limitWindows, limitWindowsMs, type DomainLimits, type Limits, type LimitWindow, type UpstreamRules } from '../upstream-rules.ts';

/** How near to a limit it came. */
export interface PeakUse {
  readonly window: LimitWindow;
  readonly limit: number;
  /** Most messages in any window of that length. */
  readonly most: number;
}

/** The messages of the last window, as the receiving side would count them. */
class Window {
  readonly window: LimitWindow;
  readonly limit: number;
  most = 0;
  readonly #times: number[] = [];
  /** Those before it have left the window. */
  #first = 0;

  constructor(window: LimitWindow, limit: number) {
    this.window = window;
    this.limit = limit;
  }

  /** How many are in the window that ends now. */
  add(now: number): number {
    this.#times.push(now);
    while ((this.#times[this.#first] ?? now) <= now - limitWindowsMs[this.window]) this.#first += 1;
    if (this.#first > 1_000 && this.#first * 2 > this.#times.length) this.#first -= this.#times.splice(0, this.#first).length;
    const count = this.#times.length - this.#first;
    this.most = Math.max(this.most, count);
    return count;
  }
}

/** Every MAIL FROM that a virtual sender wrote: throws when a window holds more than is allowed. */
export class MailFromLog {
  readonly #upstreams: UpstreamRules;
  readonly #domains: DomainLimits;
  readonly #windows = new Map<string, readonly Window[]>();

  constructor(upstreams: UpstreamRules, domains: DomainLimits) {
    this.#upstreams = upstreams;
    this.#domains = domains;
  }

  note(upstream: string, domains: Iterable<string>, now: number): void {
    this.#count(`upstream ${upstream}`, this.#upstreams.get(upstream)?.limits, now);
    for (const domain of domains) this.#count(`domain ${domain}`, this.#domains.get(domain) ?? this.#domains.get('*'), now);
  }

  ofUpstream(name: string): readonly PeakUse[] {
    return this.#windows.get(`upstream ${name}`) ?? windowsOf(this.#upstreams.get(name)?.limits);
  }

  /** Of those that something went to. */
  byDomain(): [domain: string, uses: readonly PeakUse[]][] {
    return [...this.#windows].flatMap(([key, windows]) => (key.startsWith('domain ') ? [[key.slice('domain '.length), windows]] : []));
  }

  #count(key: string, limits: Limits | undefined, now: number): void {
    if (!limits) return;
    const windows = this.#windows.get(key) ?? windowsOf(limits);
    this.#windows.set(key, windows);
    for (const each of windows) {
      const inWindow = each.add(now);
      if (inWindow > each.limit)
        throw new Error(`${key} was given ${inWindow} messages within a window of ${limitWindowsMs[each.window]} ms, and ${each.limit} are allowed`);
    }
  }
}

function windowsOf(limits: Limits = {}): Window[] {
  return limitWindows.flatMap((name) => (limits[name] === undefined ? [] : [new Window(name, limits[name])]));
}
