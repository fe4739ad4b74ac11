import { afterEach, expect, it } from 'vitest';
import { eventually } from '@posthaste/testkit';
import { callServer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { streamState } from './direct.ts';
import type { StreamEntry } from './entry.ts';
import { mailStream } from './layout.ts';
import { readStream, readUntil, type ReadOptions } from './reader.ts';
import { removeEntry, trimLog } from './removal.ts';
import { mailOf, startTestbed, type Testbed } from './testbed/index.ts';

const log = mailStream(0, 'normal');
let testbed: Testbed;
const start = async () => (testbed = await startTestbed({ durability: 'fast' }));
const reading = new Set<AbortController>();
afterEach(async () => {
  for (const controller of reading) controller.abort();
  reading.clear();
  await testbed.close();
});

async function fill(count: number, body: Uint8Array = Buffer.alloc(100)): Promise<void> {
  await testbed.direct.whenConnected();
  const publisher = testbed.publisher(testbed.direct, { mode: 'fast' });
  const prefix = crypto.randomUUID();
  await Promise.all(Array.from({ length: count }, (_, index) => publisher.publish(mailOf(`${prefix}.${index}`, body))));
}

/** Reads in the background; what was seen is in `sequences`. */
function follow(connection: StreamConnection, options: Partial<ReadOptions> = {}) {
  const controller = new AbortController();
  reading.add(controller);
  const sequences: number[] = [];
  const gaps: [number, number][] = [];
  const onGap = (from: number, to: number) => void gaps.push([from, to]);
  const ended = (async () => {
    for await (const entries of readStream(connection, {
      stream: log,
      from: 1,
      dense: true,
      headersOnly: true,
      onGap,
      signal: controller.signal,
      ...options,
    })) {
      sequences.push(...entries.map(({ sequence }) => sequence));
    }
  })();
  return { sequences, gaps, ended, stop: () => controller.abort() };
}

async function collect(options: Partial<ReadOptions> & { to: number }): Promise<StreamEntry[]> {
  const found: StreamEntry[] = [];
  const signal = new AbortController().signal;
  for await (const entries of readUntil(testbed.direct, { stream: log, from: 1, dense: true, signal, ...options })) found.push(...entries);
  return found;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

it('gives an entry as soon as it arrives, with subject, header, body and time', async () => {
  await start();
  const controller = new AbortController();
  reading.add(controller);
  const entries = readStream(testbed.direct, { stream: log, from: 1, dense: true, signal: controller.signal })[Symbol.asyncIterator]();
  const next = entries.next();
  await testbed.publisher(testbed.direct).publish(mailOf('one', Buffer.from([0, 255, 13, 10])));
  const [entry] = (await next).value as readonly StreamEntry[];
  expect(entry).toMatchObject({ sequence: 1, subject: 'mail.0.normal.acme' });
  expect([...entry!.body]).toEqual([0, 255, 13, 10]);
  expect(entry!.header('Posthaste-Ticket')).toBe('{"id":"one"}');
  expect(entry!.header('Absent')).toBeUndefined();
  expect(Math.abs(entry!.time - testbed.direct.clock.now())).toBeLessThan(10_000);
});

it('misses nothing of 20,000 entries over five cuts while they are being written', async () => {
  await start();
  const { sequences, gaps } = follow(await testbed.connect());
  const written = (async () => {
    for (let round = 0; round < 20; round += 1) await fill(1_000);
  })();
  for (const target of [1_000, 4_000, 8_000, 12_000, 16_000]) {
    await eventually(() => sequences.length >= target);
    testbed.cable.cut();
  }
  await written;
  await eventually(() => sequences.length >= 20_000);
  expect(sequences).toEqual(range(1, 20_000));
  expect(gaps).toEqual([]);
});

it('misses nothing over cuts while it reads a backlog with bodies', async () => {
  await start();
  await fill(8_000, Buffer.alloc(3_000));
  const { sequences } = follow(await testbed.connect(), { headersOnly: false });
  for (const target of [500, 2_000, 4_000, 6_000]) {
    await eventually(() => sequences.length >= target, { intervalMs: 1 });
    testbed.cable.cut();
  }
  await eventually(() => sequences.length >= 8_000);
  expect(sequences).toEqual(range(1, 8_000));
});

it('goes on after kill -9 of the server', async () => {
  await start();
  const { sequences } = follow(await testbed.connect());
  await fill(500);
  await eventually(() => sequences.length >= 500);
  await testbed.crash();
  await fill(500);
  await eventually(() => sequences.length >= 1_000);
  expect(sequences).toEqual(range(1, 1_000));
});

it('goes on when its consumer was deleted', async () => {
  await start();
  const { sequences } = follow(testbed.direct);
  await fill(10);
  await eventually(() => sequences.length === 10);
  const { consumers } = await callServer<{ consumers: string[] }>(testbed.direct, `CONSUMER.NAMES.${log}`);
  expect(consumers).toHaveLength(1);
  await callServer(testbed.direct, `CONSUMER.DELETE.${log}.${consumers[0]}`);
  await fill(10);
  await eventually(() => sequences.length >= 20);
  expect(sequences).toEqual(range(1, 20));
});

it('goes on after silence', async () => {
  await start();
  const { sequences } = follow(await testbed.connect());
  await fill(10);
  await eventually(() => sequences.length === 10);
  testbed.cable.jam();
  await fill(10);
  testbed.cable.unjam();
  await eventually(() => sequences.length >= 20);
  expect(sequences).toEqual(range(1, 20));
});

it('just goes on when the log is trimmed below it, and begins at the first entry that is left', async () => {
  await start();
  const early = follow(testbed.direct);
  await fill(100);
  await eventually(() => early.sequences.length === 100);
  await trimLog(testbed.direct, log, 60);
  const late = follow(testbed.direct);
  await fill(100);
  await eventually(() => early.sequences.length >= 200 && late.sequences.length >= 140);
  expect(early.sequences).toEqual(range(1, 200));
  expect(late.sequences).toEqual(range(61, 200));
  expect([...early.gaps, ...late.gaps]).toEqual([]);
});

it('reports a hole that is really there, once, and goes on behind it', async () => {
  await start();
  await fill(30);
  for (const sequence of [11, 12, 20]) await removeEntry(testbed.direct, log, sequence);
  const { sequences, gaps } = follow(testbed.direct);
  await eventually(() => sequences.length >= 27);
  expect(sequences).toEqual([...range(1, 10), ...range(13, 19), ...range(21, 30)]);
  expect(gaps).toEqual([
    [11, 12],
    [20, 20],
  ]);
});

it('ends behind the sequence that was asked for, whether it is there or not', async () => {
  await start();
  await fill(50);
  expect((await collect({ to: 20 })).map(({ sequence }) => sequence)).toEqual(range(1, 20));
  await removeEntry(testbed.direct, log, 50);
  expect(await collect({ to: 50 })).toHaveLength(49);
  await trimLog(testbed.direct, log, 50);
  expect(await collect({ to: 50 })).toEqual([]);
  expect(await collect({ from: 51, to: 50 })).toEqual([]);
});

it('reads the entries of one subject only', async () => {
  await start();
  const publisher = testbed.publisher(testbed.direct);
  for (const tenant of ['a', 'b', 'a', 'c', 'a', 'b']) await publisher.publish(mailOf(crypto.randomUUID(), Buffer.from(tenant), tenant));
  const found = await collect({ to: 6, filter: 'mail.0.normal.a', dense: false });
  expect(found.map(({ sequence }) => sequence)).toEqual([1, 3, 5]);
});

it('lets a slow taker take its time, and holds no more than a window', async () => {
  await start();
  await fill(6_000);
  const controller = new AbortController();
  let seen = 0;
  for await (const entries of readStream(testbed.direct, { stream: log, from: 1, dense: true, headersOnly: true, signal: controller.signal })) {
    expect(entries.length).toBeLessThanOrEqual(2_000);
    seen += entries.length;
    await new Promise((resolve) => setImmediate(resolve));
    if (seen === 6_000) controller.abort();
  }
  expect(seen).toBe(6_000);
});

it('reads entries that are together far above what one request may bring, with one consumer', async () => {
  await start();
  await fill(100, Buffer.alloc(500_000));
  let created = 0;
  testbed.direct.subscribe('$JS.API.CONSUMER.CREATE.>', () => (created += 1));
  expect((await collect({ to: 100 })).map(({ sequence }) => sequence)).toEqual(range(1, 100));
  expect(created).toBe(1);
});

it('waits for a stream that is not there yet', async () => {
  await start();
  await callServer(testbed.direct, `STREAM.DELETE.${log}`);
  const { sequences } = follow(testbed.direct);
  await callServer(testbed.direct, `STREAM.CREATE.${log}`, { name: log, subjects: ['mail.0.normal.*'] });
  await fill(5);
  await eventually(() => sequences.length === 5);
  expect((await streamState(testbed.direct, log)).last).toBe(5);
});

it('ends when it is told to, and leaves no consumer', async () => {
  await start();
  const { stop, ended, sequences } = follow(testbed.direct);
  await fill(1);
  await eventually(() => sequences.length === 1);
  stop();
  await ended;
  await eventually(async () => (await callServer<{ consumers: string[] | null }>(testbed.direct, `CONSUMER.NAMES.${log}`)).consumers?.length === 0);
});
