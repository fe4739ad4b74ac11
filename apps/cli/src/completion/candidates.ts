import type { Command, Operand } from '../command/command.ts';
import { commonOptions } from '../command/option-sets.ts';
import type { Option, Options } from '../command/option.ts';
import { type Entry, tree } from '../tree.ts';

export interface Candidate {
  readonly word: string;
  /** For shells that show it. */
  readonly says: string;
}

/** What lives in the system and not in the tree. */
export type LiveWords = (kind: NonNullable<Operand['completes']>) => Promise<readonly Candidate[]>;

/**
 * What may stand in the place of the last word, given those before it; none where only a file or a free text can. bash hands over `--wait=de` as three words.
 */
export async function candidates(words: readonly string[], live: LiveWords, entries: readonly Entry[] = tree): Promise<Candidate[]> {
  const { before, current, isValue } = splitWords(words);
  const entry = entryFor(before, entries);
  const inside = entry ? await within(await entry.entry.load(), before.slice(entry.length), current, isValue, live) : [];
  // A command's name may be the noun of others, as suspend is.
  const all = [...(await names(before, current, entries)), ...inside];
  return all.filter(({ word }) => word.startsWith(current));
}

function splitWords(words: readonly string[]): { before: readonly string[]; current: string; isValue: boolean } {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (current === '=') return { before, current: '', isValue: true };
  if (before.at(-1) === '=') return { before: before.slice(0, -1), current, isValue: true };
  return { before, current, isValue: false };
}

function entryFor(words: readonly string[], entries: readonly Entry[]): { readonly entry: Entry; readonly length: number } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const entry = words.length >= length ? entries.find((each) => each.names.includes(name)) : undefined;
    if (entry) return { entry, length };
  }
  return undefined;
}

/** The next word of every name that begins with the words so far. At the beginning aliases would only make the choice longer. */
async function names(before: readonly string[], current: string, entries: readonly Entry[]): Promise<Candidate[]> {
  const found = entries
    .filter(({ group }) => group !== undefined)
    .flatMap((entry) => (before.length === 0 ? entry.names.slice(0, 1) : entry.names).map((name) => ({ entry, parts: name.split(' ') })))
    .filter(({ parts }) => parts[before.length]?.startsWith(current) && before.every((word, index) => parts[index] === word));
  const unique = new Map(found.map(({ entry, parts }) => [parts[before.length] ?? '', { entry, isWhole: parts.length === before.length + 1 }]));
  return Promise.all([...unique].map(async ([word, { entry, isWhole }]) => ({ word, says: isWhole ? (await entry.load()).summary : '' })));
}

async function within(
  command: Command,
  before: readonly string[],
  current: string,
  isValue: boolean,
  live: LiveWords,
): Promise<readonly Candidate[]> {
  const options: Options = { ...command.options, ...(command.grammar === 'own' ? {} : commonOptions) };
  const owner = optionOf(before.at(-1), options);
  if (owner?.value !== undefined && (isValue || owner.bare === undefined))
    return (owner.choices ?? (await owner.suggests?.()) ?? []).map((word) => ({ word, says: '' }));
  if (current.startsWith('-'))
    return Object.entries(options).map(([name, { doc }]) => ({ word: `${name.length === 1 ? '-' : '--'}${name}`, says: doc }));
  return operandWords(command.operands ?? [], countOperands(before, options), live);
}

function optionOf(word: string | undefined, options: Options): Option<unknown> | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined;
  return options[word.replace(/^--?/, '')] ?? Object.values(options).find(({ short }) => short !== undefined && word === `-${short}`);
}

function countOperands(before: readonly string[], options: Options): number {
  return before.filter((word, index) => {
    const owner = optionOf(before[index - 1], options);
    return !word.startsWith('-') && !(owner?.value !== undefined && owner.bare === undefined);
  }).length;
}

async function operandWords(operands: readonly Operand[], given: number, live: LiveWords): Promise<readonly Candidate[]> {
  const operand = operands[given] ?? (operands.at(-1)?.how === 'any' ? operands.at(-1) : undefined);
  if (operand?.completes !== undefined) return live(operand.completes);
  return (operand?.choices ?? []).map((word) => ({ word, says: '' }));
}
