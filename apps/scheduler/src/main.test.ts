import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectStream, ensureStreams } from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { afterEach, beforeEach, expect, it } from 'vitest';

let dataDir: string;
let nats: NatsServer;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-scheduler-main-'));
  const { binary } = await findNatsServer({ env: process.env });
  nats = await startNatsServer({ binary, dataDir, durability: 'fast' });
});
afterEach(async () => {
  await nats.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Runs it to its end. */
async function runScheduler(...flags: readonly string[]): Promise<{ readonly code: unknown; readonly said: string }> {
  const own = [`--nats.url=${nats.url}`, '--scheduler.listen=127.0.0.1:0', '--scheduler.admin=127.0.0.1:0'];
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...own, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, said };
}

it('ends at once where partitions were lowered, and says what to do', async () => {
  const connection = await connectStream({ url: nats.url, name: 'test', log: silentLog, clock: systemClock });
  await ensureStreams(connection, { storageBytes: 2 ** 26, partitions: 4 });
  await connection.close();
  expect(await runScheduler('--partitions=2')).toEqual({
    code: 1,
    said: 'scheduler: partitions is 2, yet mail is kept here in 4 (there is JOURNAL_3): their number can be raised and not be lowered; set partitions to 4 for all programs (UNFIT)\n',
  });
});
