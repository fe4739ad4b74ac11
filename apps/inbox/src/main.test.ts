import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbox-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await rm(folder, { recursive: true });
});

function run(...flags: readonly string[]): ChildProcess {
  const args = [join(import.meta.dirname, 'main.ts'), '--inbox.smtp=127.0.0.1:0', '--inbox.http=127.0.0.1:0', ...flags];
  child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  return child;
}

/** Where it listens for HTTP, from its log. */
async function listening(program: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: program.stdout! })) {
    const entry = JSON.parse(line) as { msg: string; http?: string };
    if (entry.msg === 'listening') return entry.http ?? '';
  }
  throw new Error('it ended before it listened');
}

async function errorsOf(program: ChildProcess): Promise<string> {
  let text = '';
  program.stderr?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const [code] = (await once(program, 'close')) as [number | null];
  expect(code).toBe(1);
  return text;
}

it('starts with the script of a file and ends cleanly on SIGTERM', async () => {
  const path = join(folder, 'script.json');
  await writeFile(path, '{"rules":[{"at":"data","drop":true}]}');
  const program = run(`--inbox.script=${path}`);
  const http = await listening(program);
  expect(await (await fetch(`http://${http}/chaos`)).json()).toEqual({ rules: [{ at: 'data', drop: true }] });
  program.kill('SIGTERM');
  expect(await once(program, 'exit')).toEqual([0, null]);
});

it('does not start with a script that is not valid, and says what is wrong where', async () => {
  const path = join(folder, 'script.json');
  await writeFile(path, '{"rule":[]}');
  expect(await errorsOf(run(`--inbox.script=${path}`))).toMatch(
    /inbox\.script: cannot use .*script\.json.*script\.rule is unknown: expected one of rules/s,
  );
});

it('does not start with settings that are not valid', async () => {
  expect(await errorsOf(run('--inbox.keep=many'))).toMatch(/inbox\.keep \(flag --inbox\.keep\): came .many., expected a whole number/);
});
