import type { Command, Surroundings } from './command/command.ts';
import { commandHelp } from './command/help.ts';
import { parseCall } from './command/parse.ts';
import { exitCode } from './exit-code.ts';
import { Failure, failureJson, failureText, usageError } from './failure.ts';
import { plain } from './terminal/paint.ts';
import { type Entry, findCommand } from './tree.ts';

/** What a program has in hand before the words are understood. */
export interface Streams extends Surroundings {
  /** A line to stderr, whatever --quiet says. */
  complain(text: string): void;
  /** Called before a command runs that leaves signals and broken pipes to us. */
  endWithReader(): void;
}

/** Runs the command that the words name; answers the exit code. */
export async function runCommandLine(argv: readonly string[], streams: Streams): Promise<number> {
  let name: string | undefined;
  try {
    if (argv.length === 0) throw usageError('a command is missing', 'posthaste help lists them.');
    const { entry, rest } = findCommand(argv);
    name = entry.names[0];
    const command = await entry.load();
    if (command.endsItself !== true) streams.endWithReader();
    return await (command.grammar === 'own' ? runOwn(entry, command, rest, streams) : runParsed(entry, command, rest, streams));
  } catch (error) {
    return await explain(error, name, argv, streams);
  }
}

function runOwn({ names }: Entry, command: Command, argv: readonly string[], streams: Streams): Promise<number> {
  // A lone -h only: to sendmail it is a flag with a value.
  if (argv.includes('--help') || (argv.length === 1 && argv[0] === '-h')) return printHelp(names, command, streams);
  return command.run({ ...streams, argv, options: {}, operands: [], quiet: false });
}

function runParsed({ names }: Entry, command: Command, argv: readonly string[], streams: Streams): Promise<number> {
  const { options, operands } = parseCall(command, argv, new Date());
  const { quiet } = options;
  const surroundings = { ...streams, ...(options['no-color'] ? { paint: plain } : {}), ...(quiet ? { say: () => {} } : {}) };
  if (options.help) return printHelp(names, command, surroundings);
  return command.run({ ...surroundings, argv, options, operands, quiet });
}

async function printHelp(names: readonly string[], command: Command, { print, paint }: Surroundings): Promise<number> {
  print(commandHelp(names, command, paint));
  return exitCode.ok;
}

async function explain(error: unknown, name: string | undefined, argv: readonly string[], streams: Streams): Promise<number> {
  const failure = error instanceof Failure ? error : await foreignFailure(error);
  const hint = failure.details.hint ?? (failure.details.code === 'Usage' && name !== undefined ? `posthaste ${name} --help tells more.` : undefined);
  const hinted = new Failure(failure.message, { ...failure.details, hint });
  streams.complain(asksForJson(argv) ? failureJson(hinted) : failureText(hinted));
  return failure.details.exitCode;
}

/** Loaded only now: what can describe any error comes with the whole of telemetry. */
async function foreignFailure(error: unknown): Promise<Failure> {
  const { describeError } = await import('@posthaste/telemetry');
  const isConfig = error instanceof Error && error.name === 'ConfigError';
  return new Failure(describeError(error), {
    exitCode: isConfig ? exitCode.usage : exitCode.failed,
    code: isConfig ? 'Configuration' : 'Failed',
    cause: error,
  });
}

/** By the words alone: the flags may be what is wrong. */
function asksForJson(argv: readonly string[]): boolean {
  return argv.some((word, index) => /^(-o|--output=)jsonl?$/.test(word) || (/^(-o|--output)$/.test(word) && /^jsonl?$/.test(argv[index + 1] ?? '')));
}
