import { afterEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import type { StreamConnection } from './connection.ts';
import { streamState } from './direct.ts';
import { openJournal } from './journal.ts';
import { journalStream } from './layout.ts';
import { readUntil } from './reader.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

const open = (connection: StreamConnection, owner: string) => openJournal(connection, { partition: 0, owner, log: silentLog, clock: systemClock });

async function contents(): Promise<string[]> {
  await testbed.direct.whenConnected();
  const { last } = await streamState(testbed.direct, journalStream(0));
  const found: string[] = [];
  const signal = new AbortController().signal;
  for await (const entries of readUntil(testbed.direct, { stream: journalStream(0), from: 1, to: last, dense: true, signal })) {
    found.push(...entries.map(({ body }) => new TextDecoder().decode(body)));
  }
  return found;
}

it('appends in the order of the calls, several at once', async () => {
  testbed = await startTestbed();
  const journal = await open(testbed.direct, 'a');
  const sequences = await Promise.all(['1', '2', '3', '4', '5'].map((text) => journal.append('events', Buffer.from(text))));
  expect(sequences).toEqual([1, 2, 3, 4, 5]);
  expect(journal.lastSequence).toBe(5);
  expect(await contents()).toEqual(['1', '2', '3', '4', '5']);
});

it('fences the older of two writers for ever, with the first entry of the newer one', async () => {
  testbed = await startTestbed();
  const older = await open(testbed.direct, 'older');
  await older.append('events', Buffer.from('1'));
  const newer = await open(testbed.direct, 'newer');
  await newer.append('events', Buffer.from('2'));
  await expect(older.append('events', Buffer.from('lost'))).rejects.toMatchObject({ code: 'FENCED' });
  expect(older.fenced).toBe(true);
  await expect(older.append('checkpoint', Buffer.from('lost'))).rejects.toMatchObject({ code: 'FENCED' });
  await newer.append('events', Buffer.from('3'));
  expect(await contents()).toEqual(['1', '2', '3']);
});

it('fences both of two appends in flight', async () => {
  testbed = await startTestbed();
  const older = await open(testbed.direct, 'older');
  const newer = await open(testbed.direct, 'newer');
  await newer.append('events', Buffer.from('new'));
  const outcomes = await Promise.allSettled([older.append('events', Buffer.from('x')), older.append('events', Buffer.from('y'))]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(['FENCED', 'FENCED']);
  expect(await contents()).toEqual(['new']);
});

it('knows its own entry again when the acknowledgement was lost', async () => {
  testbed = await startTestbed();
  const connection = await testbed.connect();
  const journal = await open(connection, 'a');
  const written: string[] = [];
  for (let round = 0; round < 15; round += 1) {
    const appends = [0, 1, 2].map((index) => {
      written.push(`${round}.${index}`);
      return journal.append('events', Buffer.from(`${round}.${index}`));
    });
    // A different moment each time: before, during and after the server's work.
    for (let turn = 0; turn < round % 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    testbed.cable.cut();
    await Promise.all(appends);
  }
  expect(await contents()).toEqual(written);
  expect(journal.fenced).toBe(false);
});

it('waits while NATS is away, and goes on after a kill -9', async () => {
  testbed = await startTestbed();
  const connection = await testbed.connect();
  const journal = await open(connection, 'a');
  await journal.append('events', Buffer.from('1'));
  const restart = await testbed.kill();
  await eventually(() => !connection.connected);
  const waiting = Promise.all([journal.append('events', Buffer.from('2')), journal.append('events', Buffer.from('3'))]);
  await restart();
  expect(await waiting).toEqual([2, 3]);
  expect(await contents()).toEqual(['1', '2', '3']);
});

it('refuses all that wait behind an entry that does not fit, and goes on afterwards', async () => {
  testbed = await startTestbed();
  const journal = await open(testbed.direct, 'a');
  const outcomes = await Promise.allSettled([journal.append('events', Buffer.alloc(9 * 2 ** 20)), journal.append('events', Buffer.from('behind'))]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(['TOO_LARGE', 'TOO_LARGE']);
  expect(await journal.append('events', Buffer.from('next'))).toBe(1);
  expect(await contents()).toEqual(['next']);
});

it('says FULL when its room is used up', async () => {
  testbed = await startTestbed({ storageBytes: 2 ** 22 });
  const journal = await open(testbed.direct, 'a');
  const append = async () => {
    for (;;) await journal.append('events', Buffer.alloc(50_000));
  };
  await expect(append()).rejects.toMatchObject({ code: 'FULL' });
  expect(journal.fenced).toBe(false);
});
