import type { Random } from '@posthaste/core/simulation';
import type { Pattern, Source } from './workload.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface Span {
  readonly forMs: number;
  /** How far into its day the beginning is. */
  readonly intoDayMs: number;
}

/** The same from the source's beginning on. */
export function* sendingOf({ fromMs }: Source, pattern: Pattern, { forMs, intoDayMs }: Span, random: Random): Generator<number> {
  for (const at of arrivalsOf(pattern, { forMs: forMs - fromMs, intoDayMs: intoDayMs + fromMs }, random)) yield fromMs + at;
}

/** When the mails of a pattern come, in order, milliseconds from the beginning. */
export function* arrivalsOf(pattern: Pattern, span: Span, random: Random): Generator<number> {
  switch (pattern.kind) {
    case 'steady':
      return yield* atRate(() => pattern.rate, pattern.rate, span, random);
    case 'daily':
      return yield* atRate(dailyRate(pattern, span), peakRate(pattern), span, random);
    case 'hourly':
      return yield* atRate(hourlyRate(pattern, span), Math.max(...pattern.mails) / hourMs, span, random);
    case 'bursts':
      return yield* bursts(pattern, span, random);
    case 'campaign':
      for (let sent = 0; sent < pattern.mails; sent += 1) yield pattern.atMs + sent / pattern.rate;
  }
}

/** By chance, one independent of the other (a Poisson process): drawn at the highest rate, and thinned to the rate of the moment. */
function* atRate(rate: (at: number) => number, highest: number, { forMs }: Span, random: Random): Generator<number> {
  if (highest <= 0) return;
  for (let at = gap(highest, random); at < forMs; at += gap(highest, random)) {
    if (rate(at) >= highest || random.chance(rate(at) / highest)) yield at;
  }
}

function gap(rate: number, random: Random): number {
  return -Math.log(1 - random.below(2 ** 32) / 2 ** 32) / rate;
}

type Daily = Extract<Pattern, { kind: 'daily' }>;

/** The mean of a cosine between `lowest` and 1 is in their middle. */
function peakRate({ mails, lowest }: Daily): number {
  return mails / dayMs / ((1 + lowest) / 2);
}

function dailyRate(pattern: Daily, { intoDayMs }: Span): (at: number) => number {
  const peak = peakRate(pattern);
  return (at) => {
    const height = (1 + Math.cos(((at + intoDayMs - pattern.peakMs) / dayMs) * 2 * Math.PI)) / 2;
    return peak * (pattern.lowest + (1 - pattern.lowest) * height);
  };
}

function hourlyRate({ mails }: Extract<Pattern, { kind: 'hourly' }>, { intoDayMs }: Span): (at: number) => number {
  return (at) => (mails[Math.floor((at + intoDayMs) / hourMs) % 24] ?? 0) / hourMs;
}

function* bursts({ everyMs, mails, withinMs }: Extract<Pattern, { kind: 'bursts' }>, { forMs }: Span, random: Random): Generator<number> {
  for (let start = 0; start < forMs; start += everyMs) {
    const offsets = Array.from({ length: mails }, () => random.below(withinMs + 1));
    for (const offset of offsets.sort((one, other) => one - other)) yield start + offset;
  }
}
