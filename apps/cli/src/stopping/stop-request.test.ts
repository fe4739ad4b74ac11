import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '@posthaste/stream/server';
import { eventually } from '@posthaste/testkit';

let folder: string;
let output = '';
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-stopping-'));
  output = '';
  writeFileSync(
    join(folder, 'program.ts'),
    `import { systemClock } from ${JSON.stringify(import.meta.resolve('@posthaste/telemetry'))};
    import { StopRequest } from ${JSON.stringify(import.meta.resolve('./stop-request.ts'))};
    process.stdout.on('error', () => {});
    const running = setInterval(() => {}, 1_000);
    const stoppable = { stop: async () => { console.log('stopped in order'); clearInterval(running); }, killAll: () => console.log('killed') };
    const sleep = (ms, signal) => systemClock.sleep(ms, signal).catch((error) => { console.log('looks no more'); throw error; });
    const request = new StopRequest(stoppable, { ...systemClock, sleep }, (_level, sentence) => console.log(sentence));
    const code = request.listen();
    console.log('runs as ' + process.pid);
    process.exitCode = await code;
    request.release();`,
  );
});
afterEach(async () => {
  if (isAlive(ownPid())) process.kill(ownPid(), 'SIGKILL');
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await eventually(() => !isAlive(ownPid()));
  rmSync(folder, { recursive: true, force: true });
});

/** As a script of a package is run: a shell that does not make way for the program, and none of the three standard streams a terminal. */
async function start(through: readonly string[] = []): Promise<ChildProcess> {
  const command = [process.execPath, join(folder, 'program.ts')];
  const [first = '', ...rest] = through.length > 0 ? [...through, `${command.join(' ')}; true`] : command;
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  started.push(child);
  await eventually(() => output.includes('runs as '), { timeoutMs: 20_000, describe: `it runs; it said: ${output}` });
  return child;
}

const ownPid = (): number => Number(/runs as (\d+)/.exec(output)?.[1] ?? NaN);

describe('the request to stop', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('%s stops in order', async (signal) => {
    const child = await start();
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(output).toContain(`${signal}: stopping everything in order`);
    expect(output).toContain('stopped in order\n');
  });

  it('a closed terminal that is not ours stops nothing', async () => {
    const child = await start();
    child.kill('SIGHUP');
    await eventually(() => output.includes('nothing is stopped'));
    expect(output).not.toContain('stopped in order');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('%s to the npm that started it through a shell stops in order too', async (signal) => {
    const npm = await start(['npm', 'exec', '--offline', '-c']);
    expect(ownPid()).not.toBe(npm.pid);
    npm.kill(signal);
    await eventually(() => !isAlive(ownPid()), { timeoutMs: 10_000, describe: `it ends; it said: ${output}` });
    expect(output).toContain('the package manager that started this has ended: stopping everything in order\nstopped in order');
  });

  it('outlives a package manager that ends of a terminal that is not ours', async () => {
    const npm = await start(['npm', 'exec', '--offline', '-c']);
    process.kill(ownPid(), 'SIGHUP');
    await eventually(() => output.includes('nothing is stopped'));
    await eventually(() => output.includes('looks no more'));
    const gone = once(npm, 'exit');
    npm.kill('SIGKILL');
    await gone;
    expect(isAlive(ownPid())).toBe(true);
    process.kill(ownPid(), 'SIGTERM');
    await eventually(() => output.includes('SIGTERM: stopping everything in order'));
    expect(output).not.toContain('the package manager that started this has ended');
  });
});
