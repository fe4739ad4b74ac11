import { parseDuration, type Parsed } from '@posthaste/config/quantity';
import { readLocalTime, readTime as readAnyTime } from '@posthaste/submission/read-time';
import { usageError } from '../failure.ts';
import { lanes } from '../words.ts';

/** A flag of a command: how it is written, what it means, and how its texts become a value. */
export interface Option<T> {
  readonly doc: string;
  /** One letter, for `-o json`. */
  readonly short?: string | undefined;
  /** What stands for the value in the help, such as ADDRESS; absent when it takes none. */
  readonly value?: string | undefined;
  /** The value that stands in when it is given without one: `--wait` is `--wait=delivered`. Such a value only follows a `=`. */
  readonly bare?: string | undefined;
  readonly choices?: readonly string[] | undefined;
  /** What a shell offers for it where the choices are too many to stand in the help. */
  readonly suggests?: (() => Promise<readonly string[]>) | undefined;
  readonly repeatable?: boolean | undefined;
  /** `texts` in the order in which they were given; empty when the flag was not. */
  read(texts: readonly string[], flag: string, now: Date): T;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

export type ValuesOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

interface Wording {
  readonly doc: string;
  readonly short?: string;
}

interface Bounds {
  readonly leastMs: number;
  readonly mostMs: number;
  /** Both, such as `100ms to 5m`. */
  readonly words: string;
}

type Reader<T> = (text: string, now: Date) => Parsed<T>;

const taken = <T>(value: T): Parsed<T> => ({ kind: 'value', value });
const refused = (expected: string): Parsed<never> => ({ kind: 'refused', expected });

export const option = {
  flag: (wording: Wording): Option<boolean> => ({ ...wording, read: (texts) => texts.length > 0 }),

  text: (
    wording: Wording & { readonly value: string; readonly bare?: string; readonly suggests?: () => Promise<readonly string[]> },
  ): Option<string | undefined> => one(wording, taken),

  texts: (wording: Wording & { readonly value: string }): Option<readonly string[]> => many(wording, taken),

  choice: <const C extends string>(choices: readonly C[], wording: Wording & { readonly bare?: C }): Option<C | undefined> =>
    one({ ...wording, value: choices.join('|'), choices }, oneOf(choices)),

  /** A lane by its name. Which further ones there are only the server knows: the four are what can be completed. */
  lane: (wording: Wording): Option<string | undefined> => one({ ...wording, value: laneValue, choices: lanes }, laneNamed),

  /** Several of them. */
  lanes: (wording: Wording): Option<readonly string[]> => many({ ...wording, value: laneValue, choices: lanes }, laneNamed),

  choices: <const C extends string>(choices: readonly C[], wording: Wording): Option<readonly C[]> =>
    many({ ...wording, value: choices.join('|'), choices }, oneOf(choices)),

  int: (wording: Wording & { readonly value: string; readonly min: number; readonly max: number }): Option<number | undefined> =>
    one(wording, wholeNumber(wording.min, wording.max)),

  /** Milliseconds. */
  duration: (wording: Wording & { readonly within?: Bounds }): Option<number | undefined> =>
    one({ ...wording, value: 'DURATION' }, wording.within ? durationWithin(wording.within) : parseDuration),

  /** A time, here unless it names its zone, or a duration from now. */
  timeAhead: (wording: Wording): Option<Date | undefined> => one({ ...wording, value: 'TIME' }, readTime(1)),

  /** A time, here unless it names its zone, or a duration before now. */
  timeAgo: (wording: Wording): Option<Date | undefined> => one({ ...wording, value: 'TIME' }, readTime(-1)),

  /** `name=value`, each name once. */
  pairs: (wording: Wording & { readonly value: string; readonly divider?: string }): Option<Readonly<Record<string, string>>> => ({
    ...wording,
    repeatable: true,
    read: (texts, flag) => readPairs(texts, flag, wording.value, wording.divider ?? '='),
  }),
};

function one<T>(wording: Omit<Option<T>, 'read'>, read: Reader<T>): Option<T | undefined> {
  return {
    ...wording,
    read(texts, flag, now) {
      const [text, surplus] = texts;
      if (surplus !== undefined) throw usageError(`${flag} is given twice, ${text} and ${surplus}; keep one`);
      return text === undefined ? undefined : valueOf(read(text, now), flag, text);
    },
  };
}

function many<T>(wording: Omit<Option<T>, 'read'>, read: Reader<T>): Option<readonly T[]> {
  return { ...wording, repeatable: true, read: (texts, flag, now) => texts.map((text) => valueOf(read(text, now), flag, text)) };
}

function valueOf<T>(parsed: Parsed<T>, flag: string, text: string): T {
  if (parsed.kind === 'refused') throw usageError(`${flag}: came '${text}', expected ${parsed.expected}`);
  return parsed.value;
}

function oneOf<C extends string>(choices: readonly C[]): Reader<C> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    return choice === undefined ? refused(`one of ${choices.join(', ')}`) : taken(choice);
  };
}

const laneValue = `${lanes.join('|')}|NAME`;

function laneNamed(text: string): Parsed<string> {
  return /^[a-z0-9-]{1,32}$/.test(text) ? taken(text) : refused(`one of ${lanes.join(', ')}, or the name of a further lane`);
}

function wholeNumber(min: number, max: number): Reader<number> {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= min && number <= max ? taken(number) : refused(`a whole number from ${min} to ${max}`);
  };
}

function durationWithin({ leastMs, mostMs, words }: Bounds): Reader<number> {
  return (text) => {
    const parsed = parseDuration(text);
    const isOutside = parsed.kind === 'value' && (parsed.value < leastMs || parsed.value > mostMs);
    return isOutside ? refused(words) : parsed;
  };
}

function readTime(direction: 1 | -1): Reader<Date> {
  return (text, now) => {
    const distance = parseDuration(text);
    if (distance.kind === 'value') return taken(new Date(now.getTime() + direction * distance.value));
    const time = readAnyTime(text) ?? readLocalTime(text, Temporal.Now.timeZoneId());
    const example = direction > 0 ? '2h for two hours from now' : '2h for two hours ago';
    return time === undefined ? refused(`a time such as 2031-05-01T08:00:00Z, or ${example}`) : taken(new Date(time));
  };
}

function readPairs(texts: readonly string[], flag: string, form: string, divider: string): Readonly<Record<string, string>> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const cut = text.indexOf(divider);
    const name = text.slice(0, Math.max(cut, 0)).trim();
    if (name === '') throw usageError(`${flag}: came '${text}', expected ${form}`);
    if (pairs.has(name)) throw usageError(`${flag}: ${name} is given twice; keep one`);
    pairs.set(name, text.slice(cut + divider.length).trim());
  }
  return Object.fromEntries(pairs);
}
