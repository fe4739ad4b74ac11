import { type Parsed, refused, taken } from '@posthaste/config/quantity';
import type { LaneTable } from '@posthaste/core';
import type { Pattern, Shares, Source } from '../workload.ts';
import { isMapping, type Section } from './section.ts';
import { clockTimeOf } from './start.ts';

export function readSource(name: string, section: Section, lanes: LaneTable): Source {
  const lane = section.choice('lane', lanes.names, 'normal');
  const source: Source = {
    name,
    lane: lanes.named(lane)?.written ?? { lane: 'normal' },
    tenants: section.take('tenants', sharesOf, [['default', 1]]) ?? [],
    domains: section.take('domains', sharesOf, [['example.net', 1]]) ?? [],
    recipients: section.count('recipients', 1, 1),
    people: section.count('people', 100_000, 1),
    size: section.size('size', 10_240),
    ttlMs: section.duration('ttl', 0) || null,
    delayMs: section.duration('delay', 0) || null,
    fromMs: section.duration('from', 0),
    arrivals: section.list('arrivals').map(readPattern),
  };
  if (source.arrivals.length === 0) section.refuse('arrivals', `a pattern: one of ${patternKinds.join(', ')}`);
  section.close();
  return source;
}

const patterns: Readonly<Record<Pattern['kind'], (section: Section) => Pattern>> = {
  steady: (section) => ({ kind: 'steady', rate: rate(section, 'rate') }),
  bursts: (section) => ({
    kind: 'bursts',
    everyMs: Math.max(1, section.duration('every')),
    mails: section.count('mails'),
    withinMs: section.duration('within', 1_000),
  }),
  daily: (section) => ({
    kind: 'daily',
    mails: section.count('mails'),
    peakMs: section.take('peak', clockTimeOf) ?? 0,
    lowest: section.share('lowest', 0.1),
  }),
  hourly: (section) => ({ kind: 'hourly', mails: section.take('mails', hoursOf) ?? [] }),
  campaign: (section) => ({ kind: 'campaign', atMs: section.duration('at', 0), mails: section.count('mails'), rate: rate(section, 'rate') }),
};

const patternKinds = Object.keys(patterns) as Pattern['kind'][];

function readPattern(section: Section): Pattern {
  const [kind, surplus] = patternKinds.filter((each) => section.has(each));
  const inner = section.section(kind ?? 'steady');
  if (kind === undefined && section.keys.length > 0) {
    section.closeTo(patternKinds);
    return { kind: 'steady', rate: 0 };
  }
  if (kind === undefined || surplus !== undefined) {
    section.refuse(surplus ?? 'steady', `one pattern to an entry: one of ${patternKinds.join(', ')}`);
    return { kind: 'steady', rate: 0 };
  }
  const pattern = patterns[kind](inner);
  inner.close();
  section.close();
  return pattern;
}

/** `acme`, a sequence of names, or a mapping of names to their shares. */
function sharesOf(input: unknown): Parsed<Shares> {
  if (typeof input === 'string' && input !== '') return taken([[input, 1]]);
  const entries: unknown[][] | undefined = Array.isArray(input)
    ? input.map((name) => [name, 1])
    : isMapping(input)
      ? Object.entries(input)
      : undefined;
  const whole = entries?.every(([name, share]) => typeof name === 'string' && typeof share === 'number' && share > 0);
  if (!entries || !whole || entries.length === 0) return refused('a name, a list of names, or a mapping of names to shares above 0');
  return taken(entries as unknown as Shares);
}

function hoursOf(input: unknown): Parsed<readonly number[]> {
  const whole = Array.isArray(input) && input.length === 24 && input.every((mails) => typeof mails === 'number' && mails >= 0);
  return whole ? taken(input as number[]) : refused('24 numbers of mails, from midnight on');
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `5/s`: mails a millisecond. */
function rate(section: Section, key: string): number {
  const parse = (input: unknown): Parsed<number> => {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?\/ ?([smhd])$/.exec(String(input)) ?? [];
    const value = Number(amount) / (unitMs[unit] ?? 1);
    return amount === undefined || value === 0 ? refused('a rate above 0 such as 5/s, 120/m, 3000/h or 100000/d') : taken(value);
  };
  return section.take(key, parse) ?? 0;
}
