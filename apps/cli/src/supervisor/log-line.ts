import { stripVTControlCharacters, type styleText } from 'node:util';
import type { Paint } from '../terminal/paint.ts';

const programColours = ['cyan', 'magenta', 'blue', 'green', 'yellow', 'cyanBright', 'magentaBright', 'blueBright'] as const;
const levelColours: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

/** What the line shows in its own way, or not at all. */
const frame: ReadonlySet<string> = new Set(['level', 'time', 'program', 'log', 'pid', 'hostname']);

/** The readable form of many programs' logs: `12:00:01 scheduler info  sentence key=value`. */
export class LogFormat {
  readonly #programs: readonly string[];
  readonly #width: number;
  readonly #paint: Paint;

  constructor(programs: readonly string[], paint: Paint) {
    this.#programs = programs;
    this.#width = Math.max(...programs.map((name) => name.length));
    this.#paint = paint;
  }

  /** A line that a program wrote: one JSON object, or, from a crash or a foreign program, anything. */
  ofProgram(program: string, line: string, now: Date): string {
    const entry = parseEntry(line);
    if (!entry) return this.own(program, '', stripVTControlCharacters(line), now);
    const { level = 'info', time, log } = entry;
    const at = typeof time === 'string' || typeof time === 'number' ? new Date(time) : now;
    // The mail log has the name of an event in the place of a sentence.
    const sentence = 'msg' in entry ? 'msg' : 'event';
    const fields = Object.entries(entry).filter(([key]) => key !== sentence && !frame.has(key));
    const text = [showSentence(entry[sentence]), ...fields.map(([key, value]) => this.#showField(key, value))].join(' ');
    return this.own(program, String(level), log === 'mail' ? this.#paint('dim', text) : text, at);
  }

  /** Text of several lines, and a list of sentences such as the settings in force, keep their lines; all else stays on the one line. */
  #showField(key: string, value: unknown): string {
    const lines: readonly unknown[] = typeof value === 'string' ? value.split('\n') : Array.isArray(value) ? value : [];
    const isText =
      typeof value === 'string' ? lines.length > 1 : lines.length > 0 && lines.every((line) => typeof line === 'string' && line.includes(' '));
    if (!isText) return `${key}=${showValue(value)}`;
    return `${key}:${lines.map((line) => `\n    ${this.#paint('dim', stripVTControlCharacters(String(line)))}`).join('')}`;
  }

  /** A line of our own, or of a program whose lines have no fields. */
  own(program: string, level: string, text: string, at: Date): string {
    const name = this.#paint(programColours[this.#programs.indexOf(kindOf(program)) % programColours.length] ?? 'white', program.padEnd(this.#width));
    return `${this.#paint('dim', clockTime(at))} ${name} ${this.#paint(levelColours[level] ?? 'white', level.padEnd(5))} ${text}`;
  }
}

/** Several of a kind are numbered: `sender-2`. */
function kindOf(program: string): string {
  return program.replace(/-\d+$/, '');
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function showSentence(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Quotes only what would otherwise not be seen to be one value. JSON also makes control characters harmless to the terminal. */
function showValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value)) return value;
  return JSON.stringify(value) ?? String(value);
}

function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
