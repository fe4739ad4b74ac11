import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeTicket, idInPartition, type JournalEvent, type RecipientState, type Ticket } from '@posthaste/core';
import {
  connectStream,
  createPublisher,
  ensureStreams,
  journalStream,
  openJournal,
  stateStream,
  stateSubject,
  ticketHeader,
  trimLog,
  waitStream,
  waitSubject,
  type Journal,
  type Publisher,
  type StreamConnection,
} from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { eventually } from '@posthaste/testkit';
import { silentLog, systemClock as clock } from '@posthaste/telemetry';
import { exampleId, usualEvents } from './example.ts';
import { LiveLedger, type RebuildProgress } from './live-ledger.ts';

let folder: string;
let nats: NatsServer;
let connection: StreamConnection;
let journal: Journal;
let publisher: Publisher;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-live-ledger-'));
  nats = await startNatsServer({ binary: (await findNatsServer({ env: process.env })).binary, dataDir: folder, durability: 'fast' });
  connection = await connectStream({ url: nats.url, name: 'ledger-test', log: silentLog, clock });
  await ensureStreams(connection);
  journal = await openJournal(connection, { partition: 0, owner: 'test', log: silentLog, clock });
  publisher = createPublisher(connection, { clock, log: silentLog, mode: 'fast' });
});

afterAll(async () => {
  await publisher.close();
  await connection.close();
  await nats.stop();
  rmSync(folder, { recursive: true });
});

const patience = () => AbortSignal.timeout(10_000);
let mails = 0;
let ledgers = 0;

async function record(events: readonly JournalEvent[]): Promise<void> {
  await journal.append('events', Buffer.from(JSON.stringify({ epoch: 1, owner: 'test', events })));
}

async function recordMail(count = 3): Promise<string> {
  const id = exampleId((mails += 1));
  await record(usualEvents(id, `1.${mails}`).slice(0, count));
  return id;
}

async function withLedger(work: (ledger: LiveLedger, path: string) => Promise<void>, path = join(folder, `ledger-${(ledgers += 1)}.sqlite`)) {
  const ledger = new LiveLedger({ path, connection, clock, log: silentLog });
  try {
    await work(ledger, path);
  } finally {
    await ledger.close();
  }
  return dump(path);
}

/** All that a ledger says, without the numbers that only it gives. */
function dump(path: string) {
  const database = new DatabaseSync(path, { readOnly: true });
  const words = database.prepare('SELECT word, message FROM word UNION SELECT value, message FROM fresh, json_each(words) ORDER BY 1, 2');
  const all = {
    messages: database.prepare('SELECT * FROM message ORDER BY id').all(),
    words: words.all(),
    at: database.prepare('SELECT * FROM position').all(),
  };
  database.close();
  return all;
}

async function rebuild(ledger: LiveLedger, signal = patience()): Promise<RebuildProgress[]> {
  const told: RebuildProgress[] = [];
  for await (const progress of ledger.rebuild(signal)) told.push(progress);
  return told;
}

test('a rebuilt ledger equals the one that followed', async () => {
  const followed = await withLedger(async (ledger) => {
    for (let count = 0; count < 40; count += 1) await recordMail(1 + (count % 3));
    await ledger.caughtUp(patience());
  });
  const rebuilt = await withLedger(async (ledger) => {
    expect((await rebuild(ledger)).at(-1)).toMatchObject({ kind: 'done', messages: 40 });
  });
  expect(rebuilt).toEqual(followed);
});

test('while it is rebuilt it answers as before, and afterwards it follows on', async () => {
  const id = await recordMail();
  await withLedger(async (ledger) => {
    await ledger.caughtUp(patience());
    let isOver = false;
    const rebuilding = rebuild(ledger).then(() => (isOver = true));
    do {
      expect(ledger.getMessage(id)).toBeDefined();
      expect((await ledger.list({ filter: {}, size: 1 }, patience())).messages).toHaveLength(1);
      await ledger.caughtUp(patience());
    } while (!isOver);
    await rebuilding;
    const later = await recordMail();
    await ledger.caughtUp(patience());
    expect(ledger.getMessage(later)).toBeDefined();
  });
});

test('it is rebuilt once at a time, and a rebuild that is broken off leaves all as it was', async () => {
  const id = await recordMail();
  await withLedger(async (ledger) => {
    await ledger.caughtUp(patience());
    const first = rebuild(ledger);
    await expect(rebuild(ledger)).rejects.toThrow('already');
    await first;
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(rebuild(ledger, stop.signal)).rejects.toThrow('enough');
    expect(ledger.getMessage(id)).toBeDefined();
    const later = await recordMail();
    await ledger.caughtUp(patience());
    expect(ledger.getMessage(later)).toBeDefined();
  });
});

test('who waits for a change hears of it, also across a rebuild', async () => {
  const id = await recordMail(2);
  await withLedger(async (ledger) => {
    await ledger.caughtUp(patience());
    let heard = 0;
    ledger.subscribe(id, () => (heard += 1));
    await rebuild(ledger);
    const after = heard;
    expect(after).toBeGreaterThan(0);
    await record(usualEvents(id, `1.${mails}`).slice(2));
    await eventually(() => expect(heard).toBeGreaterThan(after));
    expect(ledger.getMessage(id)?.recipients[0]?.state.kind).toBe('delivered');
  });
});

test('mail under way that the journal tells no more of comes from WAIT and STATE, with what the journal tells later on top', async () => {
  const [untouched, tried] = [exampleId(9_001), exampleId(9_002)];
  const reply = { code: 451, text: 'later' };
  for (const id of [untouched, tried]) {
    const ticket: Ticket = { ...ticketOf(id), due: 9e12 };
    const entry = { stream: waitStream(0), subject: waitSubject(0, id), messageId: id, headers: { [ticketHeader]: encodeTicket(ticket) } };
    await publisher.publish({ ...entry, body: Buffer.from('x') });
  }
  const states: RecipientState[] = [{ kind: 'queued', attempts: 2, due: 9e12, reason: 'UPSTREAM_DEFERRED', reply, attempt: '5.7' }];
  const state = { stream: stateStream(0), subject: stateSubject(0, tried), messageId: `${tried}.1`, headers: {} };
  await publisher.publish({ ...state, body: Buffer.from(JSON.stringify({ id: tried, asOf: 1, states })) });
  await trimLog(connection, journalStream(0), journal.lastSequence);
  const about = { id: tried, recipients: [0], at: 5 };
  await record([
    // The state contains this attempt.
    { kind: 'started', ...about, attempt: '5.7', upstream: 'main', sender: 's' },
    { kind: 'deferred', ...about, attempt: '5.7', reason: 'UPSTREAM_DEFERRED', reply, due: 9 },
    { kind: 'started', ...about, attempt: '5.10', upstream: 'main', sender: 's' },
  ]);
  await withLedger(async (ledger) => {
    await ledger.caughtUp(patience());
    expect(ledger.getMessage(untouched)?.recipients[0]?.state).toMatchObject({ kind: 'queued', reason: 'SCHEDULED' });
    expect(ledger.getMessage(tried)?.recipients[0]).toMatchObject({ state: { kind: 'sending', attempts: 2 }, attempts: [{ id: '5.10' }] });
  });
});

test('what an operator did stands in STATE, and comes from there', async () => {
  const id = exampleId(9_003);
  const entry = { stream: waitStream(0), subject: waitSubject(0, id), messageId: id, headers: { [ticketHeader]: encodeTicket(ticketOf(id)) } };
  await publisher.publish({ ...entry, body: Buffer.from('x') });
  const by = { author: 'ann', comment: 'wrong price', at: 7 };
  const states: RecipientState[] = [{ kind: 'held', attempts: 1, reason: 'HELD_BY_OPERATOR', by, before: { kind: 'queued', attempts: 1, due: 0 } }];
  const state = { stream: stateStream(0), subject: stateSubject(0, id), messageId: `${id}.1`, headers: {} };
  await publisher.publish({ ...state, body: Buffer.from(JSON.stringify({ id, asOf: 1, states, lane: 'high' })) });
  await trimLog(connection, journalStream(0), journal.lastSequence);
  await record([{ kind: 'released', id, recipients: [0], at: 9, author: 'ann', comment: '' }]);
  await withLedger(async (ledger) => {
    await ledger.caughtUp(patience());
    expect(ledger.getMessage(id)).toMatchObject({ ticket: { lane: 'high' }, recipients: [{ state: { kind: 'queued', attempts: 1 }, changedAt: 9 }] });
  });
});

function ticketOf(id: string): Ticket {
  const [event] = usualEvents(id, '1.1');
  if (event?.kind !== 'accepted') throw new Error('the first event is not the acceptance');
  return event.ticket;
}

test('it takes in the journals of all partitions, and is as far behind as with the last of them', async () => {
  await ensureStreams(connection, { partitions: 3 });
  const others = await Promise.all([1, 2].map((partition) => openJournal(connection, { partition, owner: 'test', log: silentLog, clock })));
  const ids = [await recordMail()];
  for (const [index, other] of others.entries()) {
    const id = idInPartition(exampleId((mails += 1)), index + 1);
    await other.append('events', Buffer.from(JSON.stringify({ epoch: 1, owner: 'test', events: usualEvents(id, `1.${mails}`) })));
    ids.push(id);
  }
  const ledger = new LiveLedger({ path: join(folder, 'three.sqlite'), connection, partitions: 3, clock, log: silentLog });
  await ledger.caughtUp(patience());
  expect(ids.map((id) => ledger.getMessage(id)?.ticket.id)).toEqual(ids);
  expect(await ledger.lagMs()).toBe(0);
  const told = await rebuild(ledger);
  expect(ids.map((id) => ledger.getMessage(id)?.ticket.id)).toEqual(ids);
  expect(told.at(-1)).toMatchObject({ kind: 'done' });
  await ledger.close();
});
