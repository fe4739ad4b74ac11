import { allotAll } from './allotting.ts';
import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import type { Mail } from './mail.ts';
import type { MailGate } from './mail-gate.ts';
import { recheckGate } from './mail-gate.ts';
import { Meter } from './meter.ts';
import { domainOf } from './domain.ts';
import type { Attempt } from './sender-table.ts';
import { anyDomain, domainScope, upstreamScope, type ShareMap } from './shares/share-table.ts';
import type { DomainLimits, Limits, UpstreamRules } from './upstream-rules.ts';

/** An attempt takes one slot of each of these from its being dispatched on. */
export interface Metering {
  readonly meters: readonly Meter[];
  /** When its MAIL FROM was written is known. */
  isWritten: boolean;
}

/** Meters of domains that nothing was sent to lately are forgotten when there are so many more. */
const idleAtMost = 1_000;

/** All limits, or this partition's shares of them, and who is at them. The limits of domains are a gate for mail; those of upstreams are looked at when one is chosen. */
export class Meters implements MailGate {
  readonly #domainLimits: DomainLimits;
  readonly #byKey = new Map<string, Meter>();
  /** Null: it has all limits whole. */
  #shares: ShareMap | null;
  #keptAtLeast = idleAtMost;

  constructor(upstreams: UpstreamRules, domains: DomainLimits, shares: ShareMap | null = null) {
    this.#domainLimits = domains;
    this.#shares = shares;
    for (const [name, { limits }] of upstreams) {
      const key = upstreamScope(name);
      if (Object.keys(limits).length > 0) this.#byKey.set(key, new Meter(key, limits, this.#shareOf(key) ?? limits));
    }
  }

  /** 0: nothing is limited. */
  get size(): number {
    return this.#byKey.size + this.#domainLimits.size;
  }

  get limitsDomains(): boolean {
    return this.#domainLimits.size > 0;
  }

  get all(): Iterable<Meter> {
    return this.#byKey.values();
  }

  ofUpstream(name: string): Meter | undefined {
    return this.#byKey.get(upstreamScope(name));
  }

  /** A meter by its key; made if the key is that of a domain that has limits. */
  byKey(key: string, mono: number): Meter | undefined {
    const known = this.#byKey.get(key);
    const limits = known || !key.startsWith('domain:') ? undefined : this.#limitsOf(key.slice('domain:'.length));
    return limits ? this.#add(key, limits, mono) : known;
  }

  /** Those whose slots an attempt for these recipients takes. */
  of(upstream: string, mail: Mail, recipients: readonly number[], mono: number): Meter[] {
    const own = this.ofUpstream(upstream);
    const meters = own ? [own] : [];
    if (this.#domainLimits.size === 0) return meters;
    const domains = new Set(recipients.map((recipient) => domainOf(mail.ticket.recipients[recipient]?.address ?? '')));
    for (const domain of domains) {
      const meter = this.byKey(domainScope(domain), mono);
      if (meter) meters.push(meter);
    }
    return meters;
  }

  closedFor({ ticket }: Mail, recipient: number, now: Instant): string | undefined {
    const key = domainScope(domainOf(ticket.recipients[recipient]?.address ?? ''));
    return this.opensIn(key, now) > 0 ? key : undefined;
  }

  opensIn(key: string, now: Instant): number {
    const freeAt = this.byKey(key, now.mono)?.freeAt(now.mono) ?? -Infinity;
    return Math.max(0, freeAt - now.mono);
  }

  /** Other shares from now on. Returns the keys whose share has changed. */
  change(shares: ShareMap): string[] {
    this.#shares = shares;
    return [...this.#byKey.values()].flatMap((meter) => (meter.change(this.#shareOf(meter.key) ?? {}) ? [meter.key] : []));
  }

  /** A scope that is not named has nothing, but a domain that is not named has what `domain:*` says. */
  #shareOf(key: string): Limits | undefined {
    return this.#shares ? (this.#shares.get(key) ?? (key.startsWith(domainScope('')) ? this.#shares.get(anyDomain) : undefined) ?? {}) : undefined;
  }

  #limitsOf(domain: string): Limits | undefined {
    return this.#domainLimits.get(domain) ?? this.#domainLimits.get('*');
  }

  #add(key: string, limits: Limits, mono: number): Meter {
    const meter = new Meter(key, limits, this.#shareOf(key) ?? limits);
    if (this.#byKey.size >= 2 * this.#keptAtLeast) this.#forgetIdle(mono);
    this.#byKey.set(key, meter);
    return meter;
  }

  #forgetIdle(mono: number): void {
    for (const [key, meter] of this.#byKey) if (key.startsWith('domain:') && meter.isIdle(mono)) this.#byKey.delete(key);
    this.#keptAtLeast = Math.max(idleAtMost, this.#byKey.size);
  }
}

/** Mail that waits for what has more room now goes at once. */
export function changeShares(state: EngineState, shares: ShareMap, now: Instant): void {
  for (const key of state.meters.change(shares)) recheckGate(state, key);
  for (const [upstream, connections] of state.connectionShares) connections.most = shares.get(upstreamScope(upstream))?.connections ?? 0;
  allotAll(state, now);
}

/** Takes the slots of an attempt that is being dispatched, or is found to be under way. */
export function takeSlots(state: EngineState, attempt: Omit<Attempt, 'metering'>, now: Instant): Metering | undefined {
  const meters = state.meters.of(attempt.upstream, attempt.mail, attempt.recipients, now.mono);
  if (meters.length === 0) return undefined;
  for (const meter of meters) meter.take();
  return { meters, isWritten: false };
}

/** A sender says how long ago it wrote MAIL FROM. It said that before we heard it, so it was not later than this. */
export function noteWritten(state: EngineState, attempts: readonly { readonly attempt: string; readonly ageMs: number }[], now: Instant): void {
  for (const { attempt: id, ageMs } of attempts) {
    const metering = state.senders.attempt(id)?.metering;
    if (metering && !metering.isWritten) endSlots(state, metering, now.mono - ageMs);
  }
}

/** An attempt has ended. `untouched`: MAIL FROM was certainly never written for it; else that may have been just now. */
export function releaseSlots(state: EngineState, { metering }: Attempt, isUntouched: boolean, now: Instant): void {
  if (!metering) return;
  for (const meter of metering.meters) {
    meter.noteConcluded();
    if (!metering.isWritten && isUntouched) meter.noteUnwritten();
  }
  if (!metering.isWritten && !isUntouched) endSlots(state, metering, now.mono);
  else for (const { key } of metering.meters) recheckGate(state, key);
}

function endSlots(state: EngineState, metering: Metering, latest: number): void {
  metering.isWritten = true;
  for (const meter of metering.meters) {
    meter.noteWritten(latest);
    recheckGate(state, meter.key);
  }
}
