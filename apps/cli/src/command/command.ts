import type { Readable } from 'node:stream';
import type { Paint } from '../terminal/paint.ts';
import type { Options, ValuesOf } from './option.ts';

/** A word of the command line that is no flag. */
export interface Operand {
  /** As the help shows it, such as `id`. */
  readonly name: string;
  readonly doc: string;
  readonly how: 'one' | 'optional' | 'any';
  readonly choices?: readonly string[];
  /** What the shell offers, from the running system. */
  readonly completes?: 'message ids' | 'suspension ids' | 'commands';
}

export interface Example {
  readonly line: string;
  readonly says: string;
}

/** Where a command runs. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Results: a line to stdout. */
  print(text: string): void;
  /** Progress and remarks: a line to stderr, silent with --quiet. */
  say(text: string): void;
  /** For what is printed. */
  readonly paint: Paint;
  /** Whether stdout is a terminal, on which a picture can be drawn anew. */
  readonly redraws: boolean;
}

/** One call of a command. */
export interface Call<O extends Options> extends Surroundings {
  readonly options: ValuesOf<O>;
  readonly operands: readonly string[];
  /** The words after the command's name, as they came. */
  readonly argv: readonly string[];
  readonly quiet: boolean;
}

/** What the operator can do. Its name stands in the tree. */
export interface Command<O extends Options = Options> {
  /** Half a sentence, in lower case. */
  readonly summary: string;
  /** What one should know beyond the options. */
  readonly about?: string;
  readonly operands?: readonly Operand[];
  readonly options: O;
  readonly examples: readonly Example[];
  /**
   * Our grammar of flags, or the command's own, by which it reads `argv` itself: settings by their dotted keys, or the flags of sendmail. The options
   * then serve the help and the shell's completion.
   */
  readonly grammar?: 'own';
  /** It handles signals and the loss of its output by itself. */
  readonly endsItself?: true;
  /** Answers the exit code. */
  run(call: Call<O>): Promise<number>;
}

/** Keeps the types of the options. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}
