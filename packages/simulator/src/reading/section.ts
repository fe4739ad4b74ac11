import { didYouMean } from '@posthaste/config/nearest';
import { parseDuration, parseSize, type Parsed, refused, taken } from '@posthaste/config/quantity';

type Mapping = Readonly<Record<string, unknown>>;

/** One mapping of a document, read key by key. What is wrong is noted with its place, and reading goes on: all faults are told at once. */
export class Section {
  readonly path: string;
  readonly #mapping: Mapping;
  readonly #faults: string[];
  readonly #read = new Set<string>();

  constructor(value: unknown, path: string, faults: string[]) {
    this.path = path;
    this.#faults = faults;
    this.#mapping = isMapping(value) ? value : {};
    if (!isMapping(value)) faults.push(`${path || 'the file'}: came ${shown(value)}, expected a mapping`);
  }

  has(key: string): boolean {
    return this.#mapping[key] !== undefined && this.#mapping[key] !== null;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#mapping);
  }

  /** Whatever is wrong with the value of a key beyond its form. */
  refuse(key: string, expected: string): void {
    this.#faults.push(`${this.#pathOf(key)}: came ${shown(this.#mapping[key])}, expected ${expected}`);
  }

  /** The value by `parse`; without one, `fallback`, and if that is undefined too, a fault. */
  take<T>(key: string, parse: (input: unknown) => Parsed<T>, fallback?: T): T | undefined {
    this.#read.add(key);
    if (!this.has(key)) {
      if (fallback === undefined) this.#faults.push(`${this.#pathOf(key)}: missing, expected ${expectedBy(parse)}`);
      return fallback;
    }
    const parsed = parse(this.#mapping[key]);
    if (parsed.kind === 'value') return parsed.value;
    this.refuse(key, parsed.expected);
    return fallback;
  }

  duration(key: string, fallback?: number): number {
    return this.take(key, durationOf, fallback) ?? 0;
  }

  count(key: string, fallback?: number, least = 0): number {
    return this.take(key, wholeNumber(least), fallback) ?? least;
  }

  size(key: string, fallback: number): number {
    return this.take(key, (input) => parseSize(String(input)), fallback) ?? fallback;
  }

  share(key: string, fallback: number): number {
    return this.take(key, shareOf, fallback) ?? fallback;
  }

  text(key: string, fallback?: string): string {
    return this.take(key, textOf, fallback) ?? '';
  }

  /** Of these, which are called what they are called. */
  choice<const T extends string>(key: string, choices: readonly T[], fallback: T): T {
    const parse = (input: unknown): Parsed<T> => {
      const choice = choices.find((each) => each === input);
      return choice === undefined ? refused(`one of ${choices.join(', ')}`) : taken(choice);
    };
    return this.take(key, parse, fallback) ?? fallback;
  }

  section(key: string): Section {
    this.#read.add(key);
    return new Section(this.has(key) ? this.#mapping[key] : {}, this.#pathOf(key), this.#faults);
  }

  /** Of a mapping of mappings, in their order. */
  sections(key: string): [name: string, section: Section][] {
    const outer = this.section(key);
    return outer.keys.map((name) => [name, outer.section(name)]);
  }

  /** Of a sequence of mappings; one mapping alone is a sequence of one. */
  list(key: string): Section[] {
    this.#read.add(key);
    if (!this.has(key)) return [];
    const value = this.#mapping[key];
    const entries: unknown[] = Array.isArray(value) ? value : [value];
    return entries.map((entry, index) => new Section(entry, `${this.#pathOf(key)}[${index}]`, this.#faults));
  }

  /** After the last key has been read: what nobody has asked for is a slip of the pen. */
  close(): void {
    this.closeTo([...this.#read]);
  }

  /** As if these had been asked for. */
  closeTo(known: readonly string[]): void {
    for (const key of this.keys)
      if (!known.includes(key)) this.#faults.push(`${this.#pathOf(key)}: unknown${didYouMean(key, known)}; expected one of ${known.join(', ')}`);
  }

  #pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}

/** What a parser says that it wants, when it is given nothing. */
function expectedBy(parse: (input: unknown) => Parsed<unknown>): string {
  const parsed = parse('');
  return parsed.kind === 'refused' ? parsed.expected : 'a value';
}

function durationOf(input: unknown): Parsed<number> {
  return parseDuration(String(input));
}

function textOf(input: unknown): Parsed<string> {
  return typeof input === 'string' && input !== '' ? taken(input) : refused('a text');
}

function wholeNumber(least: number): (input: unknown) => Parsed<number> {
  return (input) =>
    Number.isSafeInteger(input) && (input as number) >= least ? taken(input as number) : refused(`a whole number of at least ${least}`);
}

/** `2%`, or 0.02. */
function shareOf(input: unknown): Parsed<number> {
  const [, percent] = /^(\d+(?:\.\d+)?) ?%$/.exec(String(input)) ?? [];
  const share = percent === undefined ? input : Number(percent) / 100;
  return typeof share === 'number' && share >= 0 && share <= 1 ? taken(share) : refused('a share such as 2% or 0.02');
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
