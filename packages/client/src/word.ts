/** A value of one of the contract's enums in words: `IN_DOUBT` is `in_doubt`. `unknown` is a value newer than this package. */
export type Word<E> = Lowercase<Exclude<keyof E, 'UNSPECIFIED'> & string> | 'unknown';

/** A value that can be given. */
export type GivenWord<E> = Lowercase<Exclude<keyof E, 'UNSPECIFIED'> & string>;

type Enum = Readonly<Record<string, number>>;

export function wordOf<E extends Enum>(words: E, value: number): Word<E> {
  const name = nameOf(words, value);
  return (name === undefined ? 'unknown' : name.toLowerCase()) as Word<E>;
}

/** Without the prefix, as operators see it; undefined when nothing is said. */
export function nameOf<E extends Enum>(words: E, value: number): (Exclude<keyof E, 'UNSPECIFIED'> & string) | undefined {
  const [name] = Object.entries(words).find(([, known]) => known === value) ?? [];
  return value === 0 ? undefined : (name as (Exclude<keyof E, 'UNSPECIFIED'> & string) | undefined);
}

/** Undefined when the contract has no such word. */
export function valueOf<E extends Enum>(words: E, word: string): E[keyof E] | undefined {
  const name = word.toUpperCase();
  return name !== 'UNSPECIFIED' && Object.hasOwn(words, name) ? (words[name] as E[keyof E]) : undefined;
}
