import { afterEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { isAlive } from '@posthaste/stream/server';
import { systemClock } from '@posthaste/telemetry';
import { eventually, freePort } from '@posthaste/testkit';
import { childProgram } from './child-program.ts';
import type { Program } from './program.ts';
import { defaultPolicy, nextPause, type RestartPolicy, Supervisor } from './supervisor.ts';

const fake = join(import.meta.dirname, 'fake-program.ts');
const quick: RestartPolicy = { ...defaultPolicy, firstPauseMs: 5, longestPauseMs: 20 };

let supervisor: Supervisor | undefined;
let heard: string[] = [];
afterEach(async () => {
  supervisor?.killAll();
  await supervisor?.stop();
  heard = [];
});

async function fakeProgram(name: string, stopStage: number, mode = ''): Promise<Program> {
  const port = await freePort();
  const env = { FAKE_PORT: String(port), FAKE_MODE: mode };
  const onLine = (line: string) => heard.push(`${name} ${(JSON.parse(line) as { msg: string }).msg}`);
  return childProgram({ name, command: process.execPath, args: [fake], env, readyUrl: `http://127.0.0.1:${port}/`, stopStage, onLine });
}

function supervise(programs: readonly Program[], policy = quick): Supervisor {
  supervisor = new Supervisor({ programs, clock: systemClock, policy, say: (_level, sentence) => heard.push(sentence) });
  return supervisor;
}

describe('Supervisor', () => {
  it('starts all, waits until each is ready, and stops them stage by stage', async () => {
    const programs = await Promise.all([fakeProgram('last', 2), fakeProgram('first', 0), fakeProgram('middle', 1)]);
    const running = supervise(programs);
    await running.start();
    const pids = running.pids();
    expect(pids).toHaveLength(3);
    await running.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(heard.filter((line) => line.endsWith('stopped (exit code 0)'))).toEqual([
      'first stopped (exit code 0)',
      'middle stopped (exit code 0)',
      'last stopped (exit code 0)',
    ]);
    expect(heard.indexOf('middle told to stop')).toBeGreaterThan(heard.indexOf('first stopped (exit code 0)'));
  });

  it('starts a program again that was killed', async () => {
    const running = supervise([await fakeProgram('relay', 0)]);
    await running.start();
    const [first = 0] = running.pids();
    process.kill(first, 'SIGKILL');
    await eventually(() => running.pids().some((pid) => pid !== first));
    expect(heard).toContain('relay ended with SIGKILL; it is started again in 0.005 s');
    await eventually(() => heard.filter((line) => line === 'relay listens').length === 2);
  });

  it('kills what does not stop within its grace', async () => {
    const running = supervise([await fakeProgram('relay', 0, 'stubborn')], { ...quick, graceMs: 50 });
    await running.start();
    const pids = running.pids();
    await running.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(heard).toContain('relay has not stopped within 0.05 s and is killed');
  });

  it('gives up a start when a program ends three times before it was ready', async () => {
    const running = supervise([await fakeProgram('relay', 0, 'fail')]);
    await expect(running.start()).rejects.toThrow('relay ended 3 times before it was ready');
    expect(heard.filter((line) => line.startsWith('relay ended with exit code 3'))).not.toEqual([]);
  });

  it('says why a program cannot even be launched', async () => {
    const program = childProgram({
      name: 'relay',
      command: '/no/such',
      args: [],
      env: {},
      readyUrl: 'http://127.0.0.1:1/',
      stopStage: 0,
      onLine: () => {},
    });
    await expect(supervise([program]).start()).rejects.toThrow('before it was ready');
    expect(heard[0]).toMatch(/relay ended with .*ENOENT/);
  });

  it('takes further programs while it runs, and ends one for good without the others', async () => {
    const running = supervise([await fakeProgram('sender', 0)]);
    await running.start();
    const [first = 0] = running.pids();
    running.enlist(await fakeProgram('sender-2', 0));
    await eventually(() => heard.includes('sender-2 listens'));
    await running.retire('sender-2');
    expect(heard).toContain('sender-2 stopped (exit code 0)');
    expect(heard.filter((line) => line.includes('it is started again'))).toEqual([]);
    expect(running.pids()).toEqual([first]);
  });

  it('tells a program that is leaving only once to stop, also when everything is stopped meanwhile', async () => {
    const running = supervise([await fakeProgram('relay', 1), await fakeProgram('sender', 0, 'stubborn')], { ...quick, graceMs: 100 });
    await running.start();
    const leaving = running.retire('sender');
    await Promise.all([leaving, running.stop()]);
    expect(heard.filter((line) => line === 'sender told to stop')).toHaveLength(1);
    expect(running.pids()).toEqual([]);
  });

  it('can be stopped while it is still starting', async () => {
    const never: Program = { ...(await fakeProgram('api', 0)), isReady: () => Promise.resolve(false) };
    const running = supervise([never]);
    const started = running.start();
    await eventually(() => running.pids().length === 1);
    const pids = running.pids();
    await running.stop();
    await started;
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

it('doubles the pause from one second to thirty, and begins anew after a steady run', () => {
  const pauses: number[] = [];
  for (let round = 0; round < 7; round++) pauses.push(nextPause(defaultPolicy, pauses.at(-1), 10));
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(nextPause(defaultPolicy, 16_000, 30_000)).toBe(1_000);
});
