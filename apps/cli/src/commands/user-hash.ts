import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { hashPassword } from '@posthaste/users';
import { defineCommand, type Surroundings } from '../command/command.ts';
import { exitCode } from '../exit-code.ts';
import { usageError } from '../failure.ts';

export const userHash = defineCommand({
  summary: 'hash a password for the users file of the relay',
  about: 'Reads one line from standard input; at a terminal it asks, and shows nothing of what is typed. Prints an Argon2id hash with a fresh salt.',
  options: {},
  examples: [
    { line: 'posthaste user hash', says: 'asks for the password' },
    { line: 'pass show shop | posthaste user hash', says: 'from a password store' },
  ],
  async run(call) {
    const password = call.stdin.isTTY === true ? await ask(call) : firstLine(await text(call.stdin));
    if (password === '') throw usageError('the password is empty; expected one line on standard input');
    call.print(await hashPassword(password));
    return exitCode.ok;
  },
});

function firstLine(all: string): string {
  return all.split(/\r?\n/, 1)[0] ?? '';
}

async function ask({ stdin }: Pick<Surroundings, 'stdin'>): Promise<string> {
  process.stderr.write('password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: stdin, output: nowhere, terminal: true });
  terminal.once('SIGINT', () => process.exit(exitCode.interrupted));
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
