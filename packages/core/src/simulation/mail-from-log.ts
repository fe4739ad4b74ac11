import { limitWindows, limitWindowsMs, type DomainLimits, type Limits, type UpstreamRules } from '../upstream-rules.ts';

/** Every MAIL FROM that a virtual sender wrote, as the receiving side would count them: throws when a window holds more than is allowed. */
export class MailFromLog {
  readonly #upstreams: UpstreamRules;
  readonly #domains: DomainLimits;
  readonly #written = new Map<string, number[]>();

  constructor(upstreams: UpstreamRules, domains: DomainLimits) {
    this.#upstreams = upstreams;
    this.#domains = domains;
  }

  note(upstream: string, domains: Iterable<string>, now: number): void {
    this.#count(`upstream ${upstream}`, this.#upstreams.get(upstream)?.limits, now);
    for (const domain of domains) this.#count(`domain ${domain}`, this.#domains.get(domain) ?? this.#domains.get('*'), now);
  }

  #count(key: string, limits: Limits | undefined, now: number): void {
    if (!limits) return;
    const times = this.#written.get(key) ?? [];
    this.#written.set(key, times);
    times.push(now);
    for (const name of limitWindows) {
      const limit = limits[name] ?? Infinity;
      const inWindow = times.filter((time) => time > now - limitWindowsMs[name]).length;
      if (inWindow > limit)
        throw new Error(`${key} was given ${inWindow} messages within a window of ${limitWindowsMs[name]} ms, and ${limit} are allowed`);
    }
  }
}
