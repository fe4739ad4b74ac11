import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';

const parentModule = JSON.stringify(import.meta.resolve('./parent.ts'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A program that watches its parent through fd 3 and does nothing else, for ever. */
async function startChild(body: string): Promise<ChildProcess> {
  const script = `import { exitWithParent } from ${parentModule};\n${body}\nsetInterval(() => {}, 1000);\nconsole.log('up');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    env: { POSTHASTE_PARENT_FD: '3' },
  });
  children.push(child);
  await once(createInterface(child.stdout as Readable), 'line');
  return child;
}

it('takes the end of the pipe like a SIGTERM', async () => {
  const child = await startChild(`process.once('SIGTERM', () => process.exit(7)); exitWithParent(process.env.POSTHASTE_PARENT_FD);`);
  (child.stdio[3] as Readable).destroy();
  expect(await once(child, 'exit')).toEqual([7, null]);
});

it('lets the program drain in its own way, without a log to write to', async () => {
  const child = await startChild(`exitWithParent('3', () => { console.log('draining'); setTimeout(() => process.exit(5), 50); });`);
  child.stdout?.destroy();
  (child.stdio[3] as Readable).destroy();
  expect(await once(child, 'exit')).toEqual([5, null]);
});

it('ends a program that does not drain in time', async () => {
  const child = await startChild(`exitWithParent('3', () => {}, 20);`);
  (child.stdio[3] as Readable).destroy();
  expect(await once(child, 'exit')).toEqual([1, null]);
});

it('watches nobody when no pipe is named, and does not keep a program alive', async () => {
  const script = `import { exitWithParent } from ${parentModule}; exitWithParent(process.env.POSTHASTE_PARENT_FD);`;
  const alone = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore', env: {} });
  const watched = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { POSTHASTE_PARENT_FD: '3' },
  });
  children.push(alone, watched);
  expect(await Promise.all([once(alone, 'exit'), once(watched, 'exit')])).toEqual([
    [0, null],
    [0, null],
  ]);
});
