import { parseArgs } from 'node:util';
import { didYouMean } from '@posthaste/config/nearest';
import { usageError } from '../failure.ts';
import type { Command, Operand } from './command.ts';
import { commonOptions } from './option-sets.ts';
import type { Option, Options, ValuesOf } from './option.ts';

export interface ParsedCall<O extends Options> {
  readonly options: ValuesOf<O & typeof commonOptions>;
  readonly operands: readonly string[];
}

/** Flags may stand before, between and after the operands; `--` ends them. Throws a usage error. */
export function parseCall<O extends Options>(command: Command<O>, argv: readonly string[], now: Date): ParsedCall<O> {
  const options: Options = { ...command.options, ...commonOptions };
  const { texts, operands } = sortWords(argv, options);
  const values = Object.fromEntries(Object.entries(options).map(([name, { read }]) => [name, read(texts.get(name) ?? [], `--${name}`, now)]));
  // Who asks for help need not name an operand.
  if (values['help'] !== true) checkOperands(command.operands ?? [], operands);
  return { options: values as ValuesOf<O & typeof commonOptions>, operands };
}

function sortWords(argv: readonly string[], options: Options): { texts: Map<string, string[]>; operands: string[] } {
  const config = Object.fromEntries(Object.entries(options).map(([name, each]) => [name, parserOption(each)]));
  const { tokens } = parseArgs({ args: [...argv], options: config, strict: false, allowPositionals: true, tokens: true });
  const texts = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind === 'option') texts.set(token.name, [...(texts.get(token.name) ?? []), textOf(options[token.name], token, options)]);
  }
  return { texts, operands };
}

function parserOption({ value, bare, short }: Option<unknown>): { type: 'string' | 'boolean'; multiple: true; short?: string } {
  return { type: value === undefined || bare !== undefined ? 'boolean' : 'string', multiple: true, ...(short === undefined ? {} : { short }) };
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
}

function textOf(option: Option<unknown> | undefined, { rawName, value }: OptionToken, options: Options): string {
  const names = Object.keys(options).map((name) => `--${name}`);
  if (!option) throw usageError(`unknown flag ${rawName}${didYouMean(rawName, names)}`);
  if (option.value === undefined && value !== undefined) throw usageError(`${rawName} takes no value, came '${value}'`);
  if (option.value !== undefined && value === undefined && option.bare === undefined)
    throw usageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  return value ?? option.bare ?? '';
}

function checkOperands(expected: readonly Operand[], given: readonly string[]): void {
  const missing = expected[given.length];
  if (missing?.how === 'one') throw usageError(`<${missing.name}> is missing: ${missing.doc}`);
  const surplus = expected.some(({ how }) => how === 'any') ? [] : given.slice(expected.length);
  if (surplus.length > 0)
    throw usageError(`'${surplus.join(' ')}' is too much: ${expected.length === 0 ? 'nothing but flags is expected' : 'one at a time'}`);
  expected.forEach(({ name, choices }, index) => {
    const word = given[index];
    if (word !== undefined && choices && !choices.includes(word))
      throw usageError(`<${name}>: came '${word}'${didYouMean(word, choices)}, expected ${choices.join(', ')}`);
  });
}
