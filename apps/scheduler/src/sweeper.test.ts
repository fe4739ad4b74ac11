import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bodiesStream,
  bodySubject,
  connectStream,
  createPublisher,
  ensureStreams,
  readLast,
  writeChunks,
  type StreamConnection,
} from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually, ManualClock } from '@posthaste/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Removals } from './removals.ts';
import { sweepBodies, type SweeperOptions } from './sweeper.ts';

const log = silentLog;
const clock = systemClock;
let dataDir: string;
let nats: NatsServer;
let connection: StreamConnection;
let stop: AbortController;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'posthaste-sweeper-'));
  const { binary } = await findNatsServer({ env: process.env });
  nats = await startNatsServer({ binary, dataDir, durability: 'fast' });
  connection = await connectStream({ url: nats.url, name: 'test', log, clock });
  await ensureStreams(connection, { storageBytes: 256 * 1024 * 1024 });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await connection.close();
  await nats.stop();
  rmSync(dataDir, { recursive: true });
});

/** The time at which the server stored a chunk is the machine's: only what came after it can be played. */
async function store(...ids: string[]): Promise<ManualClock> {
  const publisher = createPublisher(connection, { clock, log, mode: 'fast' });
  for (const id of ids) await writeChunks(publisher, 0, id, pieces());
  await publisher.close();
  return new ManualClock(Date.now());
}

async function* pieces() {
  yield Buffer.from('a file');
}

function sweep(time: ManualClock, engine: SweeperOptions['driver']['engine']) {
  const removals = new Removals({ connection, partition: 0, clock, log, signal: stop.signal });
  void sweepBodies({ connection, partition: 0, driver: { engine }, figures: { unread: 0 }, removals, clock: time, log, signal: stop.signal });
  return {
    /** Plays a time in which it looks every ten minutes. */
    async during(minutes: number) {
      for (let passed = 0; passed < minutes; passed += 10) {
        await eventually(() => time.sleeping === 1);
        await time.advance(10 * 60_000);
      }
      await eventually(() => time.sleeping === 1);
      await removals.idle();
    },
  };
}

const chunk = (id: string) => readLast(connection, bodiesStream, bodySubject(0, id, 0));

it('leaves an attachment alone while it can be named, and takes it away later', async () => {
  const time = await store('attachment');
  const sweeping = sweep(time, { find: () => undefined });
  await sweeping.during(50);
  await expect(chunk('attachment')).resolves.toBeDefined();
  await sweeping.during(20);
  await expect(chunk('attachment')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('takes nothing away sooner because the wall clock was set ahead', async () => {
  const time = await store('attachment');
  time.setWallClock(time.now() + 24 * 3_600_000);
  await sweep(time, { find: () => undefined }).during(50);
  await expect(chunk('attachment')).resolves.toBeDefined();
});

it('never takes the body of a mail that it knows', async () => {
  const time = await store('mail', 'attachment');
  const known = {} as ReturnType<SweeperOptions['driver']['engine']['find']>;
  await sweep(time, { find: (id) => (id === 'mail' ? known : undefined) }).during(120);
  await expect(chunk('mail')).resolves.toBeDefined();
  await expect(chunk('attachment')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
