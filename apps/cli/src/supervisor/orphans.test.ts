import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findNatsServer, isAlive } from '@posthaste/stream/server';
import { eventually, freePort } from '@posthaste/testkit';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-orphans-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A process that does what `up` does, with NATS and three programs, and then prints all process ids. */
async function describeSupervisor(): Promise<string> {
  const { binary } = await findNatsServer({ env: process.env });
  const [natsPort = 0, ...ports] = await Promise.all(['nats', 'a', 'b', 'c'].map(freePort));
  const natsOptions = { binary, dataDir, port: natsPort, durability: 'durable', detached: true };
  const modules = (path: string) => JSON.stringify(import.meta.resolve(path));
  return `
    import { startGuardian, startNatsServer } from ${modules('@posthaste/stream/server')};
    import { systemClock } from ${modules('@posthaste/telemetry')};
    import { childProgram } from ${modules('./child-program.ts')};
    import { Supervisor } from ${modules('./supervisor.ts')};
    const guardian = startGuardian();
    const nats = { name: 'nats', stopStage: 9, isReady: async () => true,
      launch: () => startNatsServer({ ...${JSON.stringify(natsOptions)}, guardian }) };
    const children = ${JSON.stringify(ports)}.map((port, index) => childProgram({
      name: 'fake-' + index, command: process.execPath, args: [${JSON.stringify(join(import.meta.dirname, 'fake-program.ts'))}],
      env: { FAKE_PORT: String(port), FAKE_NEEDS: '${natsPort}', FAKE_REPORT: ${JSON.stringify(dataDir)} + '/fake-' + index }, readyUrl: 'http://127.0.0.1:' + port, stopStage: index, onLine: () => {}, alsoHolds: guardian.pipe }));
    const supervisor = new Supervisor({ programs: [nats, ...children], clock: systemClock, say: () => {} });
    await supervisor.start();
    console.log(JSON.stringify([...supervisor.pids(), guardian.pid]));`;
}

it('leaves no orphan behind when it is killed, and NATS closes in good order after the others', async () => {
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', await describeSupervisor()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(supervisor.stdout), 'line')) as [string];
  const pids = JSON.parse(line) as number[];
  expect(pids.filter(isAlive)).toHaveLength(5);
  supervisor.kill('SIGKILL');
  await eventually(() => !pids.some(isAlive), { timeoutMs: 25_000 });
  expect(['fake-0', 'fake-1', 'fake-2'].map((name) => readFileSync(join(dataDir, name), 'utf8'))).toEqual(['answered', 'answered', 'answered']);
  expect(readFileSync(join(dataDir, 'nats-server.log'), 'utf8')).toContain('Server Exiting');
});
