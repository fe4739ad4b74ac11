import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectStream, ensureStreams, journalStream, openJournal, trimLog, type Journal, type StreamConnection } from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { eventually } from '@posthaste/testkit';
import { silentLog, systemClock as clock } from '@posthaste/telemetry';
import { exampleId, usualEvents } from './example.ts';
import { Changes } from './changes.ts';
import { JournalFollower } from './follow.ts';
import { Ledger } from './ledger.ts';

let folder: string;
let nats: NatsServer;
let connection: StreamConnection;
let journal: Journal;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-follow-'));
  nats = await startNatsServer({ binary: (await findNatsServer({ env: process.env })).binary, dataDir: folder, durability: 'fast' });
  connection = await connectStream({ url: nats.url, name: 'ledger-test', log: silentLog, clock });
  await ensureStreams(connection);
  journal = await openJournal(connection, { partition: 0, owner: 'test', log: silentLog, clock });
});

afterAll(async () => {
  await connection.close();
  await nats.stop();
  rmSync(folder, { recursive: true });
});

let mails = 0;

/** Records one delivered mail as one entry; returns its id. */
async function record(count = 3): Promise<string> {
  const id = exampleId((mails += 1));
  await journal.append('events', Buffer.from(JSON.stringify({ epoch: 1, owner: 'test', events: usualEvents(id, `1.${mails}`).slice(0, count) })));
  return id;
}

async function following(ledger: Ledger, work: (follower: JournalFollower) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const follower = new JournalFollower({ connection, ledger, changes: new Changes(), partition: 0, clock, log: silentLog, signal: stopping.signal });
  await work(follower).finally(() => stopping.abort());
  await follower.done;
}

const patience = () => AbortSignal.timeout(10_000);

test('what was recorded before is there when the follower has caught up', async () => {
  const ledger = new Ledger(':memory:');
  const ids = [await record(), await record()];
  await journal.append('checkpoint', new Uint8Array([1, 2, 3]));
  await following(ledger, async (follower) => {
    await follower.caughtUp(patience());
    for (const id of ids) expect(ledger.getMessage(id)).toBeDefined();
  });
});

test('what is recorded now comes by itself', async () => {
  const ledger = new Ledger(':memory:');
  await following(ledger, async () => {
    const id = await record();
    await eventually(() => expect(ledger.getMessage(id)?.recipients[0]?.state.kind).toBe('delivered'));
  });
});

test('after a restart it goes on where it was, and takes nothing twice', async () => {
  const ledger = new Ledger(':memory:');
  await following(ledger, (follower) => follower.caughtUp(patience()));
  const before = ledger.position(0);
  const id = await record();
  await following(ledger, (follower) => follower.caughtUp(patience()));
  expect(ledger.position(0)).toEqual({ ...before, sequence: (before?.sequence ?? 0) + 1 });
  expect(ledger.getMessage(id)?.recipients[0]?.attempts).toHaveLength(1);
});

test('a follower that was cut off goes on when the server is back', async () => {
  const ledger = new Ledger(':memory:');
  await following(ledger, async (follower) => {
    await follower.caughtUp(patience());
    nats.kill('SIGSTOP');
    nats.kill('SIGCONT');
    const id = await record();
    await eventually(() => expect(ledger.getMessage(id)).toBeDefined());
  });
});

test('when the journal begins after its position, unfinished mail is forgotten and the rest goes on', async () => {
  const ledger = new Ledger(':memory:');
  const unfinished = await record(2);
  const finished = await record();
  await following(ledger, (follower) => follower.caughtUp(patience()));
  await record();
  await trimLog(connection, journalStream(0), journal.lastSequence);
  const later = await record();
  await following(ledger, (follower) => follower.caughtUp(patience()));
  expect(ledger.getMessage(unfinished)).toBeUndefined();
  expect(ledger.getMessage(finished)).toBeDefined();
  expect(ledger.getMessage(later)).toBeDefined();
});

test('a position in another journal is worth nothing', async () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, usualEvents(exampleId(999), '9.9').slice(0, 1), { createdAt: 1, sequence: 1_000_000, skip: 0 });
  const id = await record();
  await following(ledger, (follower) => follower.caughtUp(patience()));
  expect(ledger.getMessage(exampleId(999))).toBeUndefined();
  expect(ledger.getMessage(id)).toBeDefined();
});
