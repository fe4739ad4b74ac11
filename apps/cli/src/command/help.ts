import type { Paint } from '../terminal/paint.ts';
import type { Command, Operand } from './command.ts';
import { commonOptions } from './option-sets.ts';
import type { Option, Options } from './option.ts';

/** What `posthaste <name> --help` prints. */
export function commandHelp(names: readonly string[], command: Command, paint: Paint): string {
  const { summary, about, operands = [], options, examples, grammar } = command;
  const [name = '', ...aliases] = names;
  const heading = (text: string) => paint('bold', text);
  const sections = [
    `${heading(usageLine(name, command))}\n  ${summary}${aliases.length > 0 ? `\n  also: ${aliases.join(', ')}` : ''}`,
    ...(about === undefined ? [] : [about]),
    ...(operands.length === 0 ? [] : [rows(operands.map((operand) => [operandForm(operand), operand.doc]))]),
    ...(Object.keys(options).length === 0 ? [] : [`${heading('Options')}\n${optionRows(options)}`]),
    ...(grammar === 'own' ? [] : [`${heading('Everywhere')}\n${optionRows(commonOptions)}`]),
    `${heading('Examples')}\n${examples.map(({ line, says }) => `  ${paint('dim', `# ${says}`)}\n  ${line}`).join('\n')}`,
  ];
  return sections.join('\n\n');
}

function usageLine(name: string, { operands = [], options }: Command): string {
  return ['posthaste', name, ...operands.map(operandForm), ...(Object.keys(options).length > 0 ? ['[options]'] : [])].join(' ');
}

function operandForm({ name, how }: Operand): string {
  if (how === 'optional') return `[${name}]`;
  return how === 'any' ? `[${name}...]` : `<${name}>`;
}

function optionRows(options: Options): string {
  return rows(Object.entries(options).map(([name, each]) => [optionForm(name, each), `${each.doc}${each.repeatable ? ' Repeatable.' : ''}`]));
}

function optionForm(name: string, { short, value, bare }: Option<unknown>): string {
  // A name of one letter is a flag of sendmail.
  const dashes = name.length === 1 ? `-${name}` : `--${name}`;
  const form = value === undefined ? '' : bare === undefined ? ` ${value}` : `[=${value}]`;
  return `${short === undefined ? (name.length === 1 ? '' : '    ') : `-${short}, `}${dashes}${form}`;
}

const widestForm = 30;

/** Two columns; a form that is too wide has its line to itself. */
export function rows(all: readonly (readonly [form: string, doc: string])[]): string {
  const width = Math.min(widestForm, Math.max(...all.map(([form]) => form.length)));
  return all.map(([form, doc]) => (form.length > width ? `  ${form}\n  ${' '.repeat(width)}  ${doc}` : `  ${form.padEnd(width)}  ${doc}`)).join('\n');
}
