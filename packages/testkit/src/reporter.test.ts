import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const modules = join(import.meta.dirname, '../node_modules');
const reporter = join(import.meta.dirname, 'reporter.ts');
const config = `export default { test: { include: ['*.check.ts'], reporters: ['default', ${JSON.stringify(reporter)}] } };\n`;
const heading = `import { beforeAll, describe, expect, it } from 'vitest';\n`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reporter-'));
  await symlink(modules, join(folder, 'node_modules'));
  await writeFile(join(folder, 'vitest.config.mjs'), config);
});

afterEach(() => rm(folder, { recursive: true }));

/** Runs vitest over these files, as a program of its own; the last line of all that it writes. */
async function lastLine(files: Readonly<Record<string, string>>): Promise<string | undefined> {
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder, `${name}.check.ts`), heading + source);
  const output = await new Promise<string>((resolve) => {
    const command = `"${process.execPath}" "${join(modules, 'vitest/vitest.mjs')}" run 2>&1`;
    execFile('/bin/sh', ['-c', command], { cwd: folder, env: { NO_COLOR: '1' } }, (_failure, stdout) => resolve(stdout));
  });
  return output.trimEnd().split('\n').at(-1);
}

it('counts what passed and what failed', async () => {
  const source = `it('a', () => {}); it('b', () => {}); it('c', () => expect(1).toBe(2));`;
  expect(await lastLine({ some: source })).toBe('2 passed, 1 failed');
});

it('names skipped tests only when there are some', async () => {
  expect(await lastLine({ some: `it('a', () => {}); it.skip('b', () => {}); it.todo('c');` })).toBe('1 passed, 0 failed, 2 skipped');
});

it('counts a file that does not load', async () => {
  expect(await lastLine({ good: `it('a', () => {});`, bad: `throw new Error('does not load');`, worse: 'syntax error here' })).toBe(
    '1 passed, 2 failed',
  );
});

it('counts a failing hook and an error that nobody caught', async () => {
  const hook = `describe('s', () => { beforeAll(() => { throw new Error('hook'); }); it('a', () => {}); });`;
  const stray = `it('b', async () => { setTimeout(() => { throw new Error('stray'); }); await new Promise((wake) => setTimeout(wake, 50)); });`;
  expect(await lastLine({ hook, stray })).toBe('1 passed, 2 failed, 1 skipped');
});

it('is red when there is nothing to run', async () => {
  expect(await lastLine({})).toBe('0 passed, 1 failed');
});
