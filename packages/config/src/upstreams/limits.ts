import { type Limits, type LimitWindow, limitWindows } from '@posthaste/core/upstream-rules';
import { type Parsed, refused, taken } from '../quantity.ts';
import { isMapping, isScalar } from '../setting.ts';

const windowLetters: ReadonlyMap<string, LimitWindow> = new Map([
  ['s', 'perSecond'],
  ['m', 'perMinute'],
  ['h', 'perHour'],
  ['d', 'perDay'],
]);

export const limitNames: readonly (keyof Limits)[] = [...limitWindows, 'concurrency'];

const most = 1_000_000_000;
export const limitNumber = `a whole number from 1 to ${most}`;

export function parseLimit(text: string): number | undefined {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= most ? number : undefined;
}

const expected = 'limits such as 20/s+1000/h+50000/d+5 at once (/s, /m, /h, /d), or a mapping of perSecond, perMinute, perHour, perDay, concurrency';

/** From `20/s+1000/h+5 at once`, or from a YAML mapping of their names. */
export function parseLimits(input: unknown): Parsed<Limits> {
  const entries = isMapping(input)
    ? Object.entries(input).map(([name, value]) => readNamed(name, String(value)))
    : readTerms(isScalar(input) ? String(input) : '');
  const wrong = entries.length === 0 || entries.some((entry) => entry === undefined);
  const known = entries.filter((entry) => entry !== undefined);
  const twice = new Set(known.map(([name]) => name)).size < known.length;
  return wrong || twice ? refused(expected) : taken(Object.fromEntries(known));
}

type Entry = readonly [keyof Limits, number] | undefined;

function readNamed(given: string, text: string): Entry {
  const name = limitNames.find((each) => each === given);
  const number = parseLimit(text);
  return name && number !== undefined ? [name, number] : undefined;
}

function readTerms(text: string): Entry[] {
  return text.split('+').map((term) => {
    const [, digits = '', letter, once] = /^\s*(\d+)\s*(?:\/\s*([smhd])|(at once))\s*$/.exec(term) ?? [];
    const name = once ? 'concurrency' : windowLetters.get(letter ?? '');
    const number = parseLimit(digits);
    return name && number !== undefined ? [name, number] : undefined;
  });
}

export function showLimits(limits: Limits): string {
  const windows = [...windowLetters].flatMap(([letter, name]) => (limits[name] === undefined ? [] : [`${limits[name]}/${letter}`]));
  return [...windows, ...(limits.concurrency === undefined ? [] : [`${limits.concurrency} at once`])].join('+');
}
