import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '@posthaste/testkit';
import { isAlive } from './alive.ts';
import { startGuardian } from './guardian.ts';

it('ends what was started in the very moment in which its starter was killed', async () => {
  const script = `
    const { startGuardian } = await import(${JSON.stringify(import.meta.resolve('./guardian.ts'))});
    const { writeSync } = await import('node:fs');
    const child = startGuardian().spawn('/bin/sleep', ['600'], { output: 2, env: {}, detached: true });
    writeSync(1, String(child.pid));
    process.kill(process.pid, 'SIGKILL');`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(await text(starter.stdout));
  expect(pid).toBeGreaterThan(1);
  await eventually(() => !isAlive(pid));
});

it('starts a command as it is, with its arguments, folder, environment and process id', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-guardian-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const output = openSync(join(folder, 'said'), 'a');
  const guardian = startGuardian();
  const child = guardian.spawn('/bin/sh', ['-c', 'echo $$ "$1" "$PWD" "$HELLO"', 'sh', 'a  b'], {
    output,
    cwd: folder,
    env: { HELLO: 'world' },
  });
  closeSync(output);
  expect(await once(child, 'exit')).toEqual([0, null]);
  guardian.release();
  const said = readFileSync(join(folder, 'said'), 'utf8');
  expect(said).toContain(`${child.pid} a  b ${folder} world`);
});
