import { formatAddress, formatDuration, formatSize, parseAddress, parseDuration, parseSize, refused, taken } from './quantity.ts';
import type { Address, Parsed } from './quantity.ts';
import { redactUrl } from './redact.ts';

/** One thing that can be set: how it is read from a file's YAML value or from text, and how it is shown. */
export interface Setting<T> {
  readonly kind: string;
  readonly doc: string;
  readonly secret: boolean;
  readonly optional: boolean;
  /** What stands in for a value that nobody gave, in the form in which a file would give it. */
  readonly default: unknown;
  /** Takes a value as YAML gives it or as text; environment and flags always give text. */
  parse(input: unknown): Parsed<T>;
  show(value: T): string;
  /** The last word, when every other setting is known: a default drawn from others, a check against them. */
  settle?(value: T | undefined, others: Readonly<Record<string, unknown>>): Parsed<T>;
}

export interface SettingOptions<D> {
  /** One sentence: what it is for, and its unit where the kind does not say. */
  readonly doc: string;
  readonly default?: D;
  /** Never shown, neither in the effective configuration nor in an error. */
  readonly secret?: boolean;
  /** True: may be missing, and is then undefined. False and without a default: must be given. */
  readonly optional?: boolean;
}

type Given<T, O> = O extends { optional: true } ? T | undefined : T;

interface Reading<T> {
  readonly kind: string;
  parse(input: unknown): Parsed<T>;
  show(value: T): string;
}

export const setting = {
  string: <const O extends SettingOptions<string>>(options: O) => define<string, O>(options, { kind: 'text', parse: parseText, show: redactUrl }),

  int: <const O extends SettingOptions<number> & { readonly min?: number; readonly max?: number }>(options: O) =>
    define<number, O>(options, { kind: 'number', parse: (input) => parseInteger(input, options.min, options.max), show: String }),

  bool: <const O extends SettingOptions<boolean>>(options: O) =>
    define<boolean, O>(options, { kind: 'true or false', parse: parseBoolean, show: String }),

  /** Milliseconds, written as `30s`; `min` in the same form. */
  duration: <const O extends SettingOptions<string> & { readonly min?: string }>(options: O) =>
    define<number, O>(options, { kind: 'duration', parse: atLeast(options.min, fromText(parseDuration)), show: formatDuration }),

  /** Milliseconds each, written as `1m,5m,15m` or as a YAML sequence. */
  durations: <const O extends SettingOptions<string>>(options: O) =>
    define<readonly number[], O>(options, { kind: 'list of durations', parse: parseDurations, show: (all) => all.map(formatDuration).join(',') }),

  /** Bytes, written as `25MiB`. */
  size: <const O extends SettingOptions<string>>(options: O) =>
    define<number, O>(options, { kind: 'size', parse: fromText(parseSize), show: formatSize }),

  address: <const O extends SettingOptions<string>>(options: O) =>
    define<Address, O>(options, { kind: 'host:port', parse: fromText(parseAddress), show: formatAddress }),

  oneOf: <const C extends readonly string[], const O extends SettingOptions<C[number]>>(choices: C, options: O) =>
    define<C[number], O>(options, { kind: choices.join(' | '), parse: (input) => parseChoice(choices, input), show: String }),

  /** `a,b,c` or a YAML sequence. */
  list: <const O extends SettingOptions<readonly string[]>>(options: O) =>
    define<readonly string[], O>(options, { kind: 'list', parse: parseList, show: (entries) => entries.map(redactUrl).join(',') }),

  /** `a=b,c=d` or a YAML mapping; keeps the order. */
  map: <const O extends SettingOptions<Readonly<Record<string, string>>>>(options: O) =>
    define<Readonly<Record<string, string>>, O>(options, { kind: 'map', parse: parseMap, show: showMap }),
};

export function define<T, const O extends SettingOptions<unknown>>(options: O, reading: Reading<T>): Setting<Given<T, O>> {
  const { doc, secret = false, optional = false } = options;
  const parse = (input: unknown) => reading.parse(input) as Parsed<Given<T, O>>;
  const show = (value: Given<T, O>) => reading.show(value);
  return { kind: reading.kind, doc, secret, optional, default: options.default, parse, show };
}

function fromText<T>(parse: (text: string) => Parsed<T>): (input: unknown) => Parsed<T> {
  return (input) => parse(isScalar(input) ? String(input) : '');
}

function atLeast(min: string | undefined, parse: (input: unknown) => Parsed<number>): (input: unknown) => Parsed<number> {
  const least = parseDuration(min ?? '0s');
  return (input) => {
    const parsed = parse(input);
    const tooShort = parsed.kind === 'value' && least.kind === 'value' && parsed.value < least.value;
    return tooShort ? refused(`a duration of at least ${min}`) : parsed;
  };
}

export function isScalar(input: unknown): input is string | number | boolean {
  return typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean';
}

function parseText(input: unknown): Parsed<string> {
  return isScalar(input) ? taken(String(input)) : refused('one text');
}

function parseInteger(input: unknown, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): Parsed<number> {
  const number = typeof input === 'string' && /^[+-]?\d+$/.test(input.trim()) ? Number(input) : input;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max) return taken(number);
  const low = min > Number.MIN_SAFE_INTEGER ? ` of at least ${min}` : '';
  const high = max < Number.MAX_SAFE_INTEGER ? ` and at most ${max}` : '';
  return refused(`a whole number${low}${high}`);
}

function parseBoolean(input: unknown): Parsed<boolean> {
  if (input === true || input === 'true' || input === '1') return taken(true);
  if (input === false || input === 'false' || input === '0') return taken(false);
  return refused('true or false');
}

function parseChoice<C extends string>(choices: readonly C[], input: unknown): Parsed<C> {
  const choice = choices.find((candidate) => candidate === input);
  return choice === undefined ? refused(`one of ${choices.join(', ')}`) : taken(choice);
}

export function parseList(input: unknown): Parsed<readonly string[]> {
  const entries: unknown = typeof input === 'string' ? input.split(',') : input;
  if (!Array.isArray(entries) || !entries.every(isScalar)) return refused('a list: a,b,c, or a YAML sequence of texts');
  return taken(entries.map((entry) => String(entry).trim()).filter((entry) => entry !== ''));
}

function parseDurations(input: unknown): Parsed<readonly number[]> {
  const list = parseList(input);
  if (list.kind === 'refused') return list;
  const durations = list.value.map(parseDuration);
  const wrong = durations.find((duration) => duration.kind === 'refused');
  return wrong ?? taken(durations.flatMap((duration) => (duration.kind === 'value' ? [duration.value] : [])));
}

export function parseMap(input: unknown): Parsed<Readonly<Record<string, string>>> {
  const pairs = typeof input === 'string' ? splitPairs(input) : isMapping(input) ? Object.entries(input) : undefined;
  const whole = pairs?.every(([name, value]) => name !== '' && isScalar(value));
  if (!pairs || !whole) return refused('a map: name=value,other=value, or a YAML mapping of texts');
  return taken(Object.fromEntries(pairs.map(([name, value]) => [name, String(value)])));
}

export function isMapping(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/** `a=b,c=d`. A value may hold `=`, a comma in it is written %2C as in any URL. A part without `=` gives an unusable pair. */
function splitPairs(text: string): [string, string | undefined][] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.map((part) => {
    const cut = part.indexOf('=');
    return cut < 0 ? ['', undefined] : [part.slice(0, cut).trim(), part.slice(cut + 1).trim()];
  });
}

function showMap(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([name, value]) => `${name}=${redactUrl(value)}`)
    .join(',');
}
