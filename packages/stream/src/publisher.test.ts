import { afterEach, expect, it } from 'vitest';
import { systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { mailStream } from './layout.ts';
import { readUntil } from './reader.ts';
import { streamState } from './direct.ts';
import { trimLog } from './removal.ts';
import { mailOf, startTestbed, type Testbed, type TestbedOptions } from './testbed/index.ts';
import type { Publisher, Stored } from './publisher.ts';
import type { StreamError } from './errors.ts';

const log = mailStream(0, 'normal');
let testbed: Testbed;
const start = async (options?: TestbedOptions) => (testbed = await startTestbed(options));
afterEach(() => testbed.close());

async function storedIds(): Promise<Map<string, number[]>> {
  await testbed.direct.whenConnected();
  const { last } = await streamState(testbed.direct, log);
  const ids = new Map<string, number[]>();
  const never = new AbortController().signal;
  for await (const entries of readUntil(testbed.direct, { stream: log, from: 1, to: last, headersOnly: true, dense: true, signal: never })) {
    for (const entry of entries) {
      const id = entry.header('Nats-Msg-Id')!;
      ids.set(id, [...(ids.get(id) ?? []), entry.sequence]);
    }
  }
  return ids;
}

/** Publishes with so many side by side until told to stop; what was acknowledged, and what was refused how. */
function load(publisher: Publisher, sideBySide: number) {
  const acknowledged = new Map<string, Stored>();
  const refused: unknown[] = [];
  let running = true;
  let number = 0;
  const worker = async () => {
    while (running) {
      const id = `m${++number}`;
      await publisher.publish(mailOf(id)).then(
        (stored) => acknowledged.set(id, stored),
        (error: unknown) => refused.push(error),
      );
    }
  };
  const workers = Promise.all(Array.from({ length: sideBySide }, worker));
  return { acknowledged, refused, stop: () => ((running = false), workers) };
}

it.each(['durable', 'fast'] as const)('acknowledges each publication with its own sequence in %s mode', async (mode) => {
  await start({ durability: mode });
  const publisher = testbed.publisher(testbed.direct, { mode });
  const ids = Array.from({ length: 250 }, (_, index) => `m${index}`);
  const stored = await Promise.all(ids.map((id) => publisher.publish(mailOf(id))));
  const found = await storedIds();
  ids.forEach((id, index) => expect(found.get(id)).toEqual([stored[index]!.sequence]));
  expect(publisher.pendingBytes).toBe(0);
});

it('gives the first sequence again for an id that is stored already, alone and amid others', async () => {
  await start();
  const publisher = testbed.publisher(testbed.direct);
  const first = await publisher.publish(mailOf('again'));
  expect(await publisher.publish(mailOf('again'))).toEqual({ ...first, duplicate: true });
  const crowd = await Promise.all(
    [...Array.from({ length: 40 }, (_, index) => mailOf(`m${index}`)), mailOf('again')].map((mail) => publisher.publish(mail)),
  );
  expect(crowd.at(-1)).toEqual({ ...first, duplicate: true });
  expect((await storedIds()).size).toBe(41);
});

it.each(['durable', 'fast'] as const)('keeps all that was acknowledged over kill -9 of a %s server, and resumes by itself', async (mode) => {
  await start({ durability: mode });
  const { acknowledged, refused, stop } = load(testbed.publisher(await testbed.connect(), { mode }), 60);
  for (const target of [200, 600, 1_000]) {
    await eventually(() => acknowledged.size > target);
    await testbed.crash();
  }
  const before = acknowledged.size;
  await eventually(() => acknowledged.size > before + 200);
  await stop();
  const found = await storedIds();
  expect(refused).toEqual([]);
  for (const [id, { sequence }] of acknowledged) expect(found.get(id)).toContain(sequence);
  expect([...found.values()].filter((sequences) => sequences.length > 1)).toEqual([]);
});

it('stores each publication once over cut connections', async () => {
  await start();
  const { acknowledged, refused, stop } = load(testbed.publisher(await testbed.connect()), 60);
  for (const target of [200, 500, 800, 1_100]) {
    await eventually(() => acknowledged.size > target);
    testbed.cable.cut();
  }
  await stop();
  const found = await storedIds();
  expect(refused).toEqual([]);
  expect(found.size).toBe(acknowledged.size);
  for (const [id, { sequence }] of acknowledged) expect(found.get(id)).toEqual([sequence]);
});

it('goes on after the other end fell silent under load', async () => {
  await start({ durability: 'fast' });
  const connection = await testbed.connect();
  const publisher = testbed.publisher(connection, { mode: 'fast' });
  const bodies = Array.from({ length: 60 }, (_, index) => mailOf(`large${index}`, Buffer.alloc(500_000, index)));
  testbed.cable.jam();
  const stored = Promise.all(bodies.map((mail) => publisher.publish(mail)));
  await eventually(() => !connection.connected);
  testbed.cable.unjam();
  expect(new Set((await stored).map(({ sequence }) => sequence)).size).toBe(60);
});

it('says AWAY when the server stays away, at once when too much waits, and sends nothing later', async () => {
  await start();
  const connection = await testbed.connect();
  const publisher = testbed.publisher(connection, { retryForMs: 300, maxPendingBytes: 10_000 });
  const restart = await testbed.kill();
  await eventually(() => !connection.connected);
  const began = systemClock.monotonic();
  const waiting = publisher.publish(mailOf('waits', Buffer.alloc(8_000)));
  await expect(publisher.publish(mailOf('too much', Buffer.alloc(8_000)))).rejects.toMatchObject({ code: 'AWAY' });
  expect(systemClock.monotonic() - began).toBeLessThan(200);
  await expect(waiting).rejects.toMatchObject({ code: 'AWAY' });
  expect(publisher.pendingBytes).toBe(0);
  await restart();
  await eventually(() => testbed.direct.connected && connection.connected);
  await publisher.publish(mailOf('present'));
  expect([...(await storedIds()).keys()]).toEqual(['present']);
});

it('waits for the server within its time, also when it is away from the start', async () => {
  await start();
  const connection = await testbed.connect();
  const publisher = testbed.publisher(connection);
  const restart = await testbed.kill();
  await eventually(() => !connection.connected);
  const all = Promise.all(Array.from({ length: 50 }, (_, index) => publisher.publish(mailOf(`m${index}`))));
  await restart();
  expect((await all).map(({ duplicate }) => duplicate)).not.toContain(true);
});

it.each(['durable', 'fast'] as const)('says FULL at once when the log is full, and takes more after a trim, in %s mode', async (mode) => {
  await start({ durability: mode, storageBytes: 2 ** 22 });
  const publisher = testbed.publisher(testbed.direct, { mode });
  const mails = Array.from({ length: 120 }, (_, index) => mailOf(`m${index}`, Buffer.alloc(10_000)));
  const outcomes = await Promise.allSettled(mails.map((mail) => publisher.publish(mail)));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as StreamError);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(mails.length);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['FULL']));
  await trimLog(testbed.direct, log, 20);
  expect(await publisher.publish(mailOf('later', Buffer.alloc(10_000)))).toMatchObject({ duplicate: false });
});

it('refuses the tenant that is at its limit, and no other', async () => {
  await start({ limits: { tenantMessages: 20 } });
  const publisher = testbed.publisher(testbed.direct);
  const many = (tenant: string, count: number) =>
    Array.from({ length: count }, (_, index) => publisher.publish(mailOf(`${tenant}${index}`, Buffer.from('x'), tenant)));
  const [busy, calm] = await Promise.all([Promise.allSettled(many('busy', 50)), Promise.allSettled(many('calm', 20))]);
  expect(busy.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  expect(calm.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
});

it('says TOO_LARGE for what the server would not take', async () => {
  await start();
  const publisher = testbed.publisher(testbed.direct);
  await expect(publisher.publish(mailOf('huge', Buffer.alloc(8 * 2 ** 20)))).rejects.toMatchObject({ code: 'TOO_LARGE' });
  expect(publisher.pendingBytes).toBe(0);
});

it('lets those who can wait have their turn instead of refusing them, and keeps half of the room for the others', async () => {
  await start();
  const connection = await testbed.connect();
  const publisher = testbed.publisher(connection, { maxPendingBytes: 40_000 });
  let most = 0;
  const patient = async (id: string) => {
    const { stored } = await publisher.publishInTurn(mailOf(id, Buffer.alloc(9_000)));
    most = Math.max(most, publisher.pendingBytes);
    return stored;
  };
  const all = Promise.all(Array.from({ length: 100 }, (_, index) => patient(`patient ${index}`)));
  await publisher.publish(mailOf('other', Buffer.alloc(15_000)));
  expect(new Set((await all).map(({ sequence }) => sequence)).size).toBe(100);
  expect(most).toBeLessThanOrEqual(40_000);
  expect(publisher.pendingBytes).toBe(0);
});

it('gives up those who wait for their turn in the time of all', async () => {
  await start();
  const connection = await testbed.connect();
  const publisher = testbed.publisher(connection, { maxPendingBytes: 40_000, retryForMs: 300 });
  await testbed.kill();
  await eventually(() => !connection.connected);
  const patient = async (id: string) => (await publisher.publishInTurn(mailOf(id, Buffer.alloc(9_000)))).stored;
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => patient(`patient ${index}`)));
  expect(new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as StreamError).code : 'stored')))).toEqual(
    new Set(['AWAY']),
  );
  expect(publisher.pendingBytes).toBe(0);
});

it('settles what it took before it closes, and takes nothing after', async () => {
  await start();
  const publisher = testbed.publisher(testbed.direct);
  let settled = 0;
  for (let index = 0; index < 40; index += 1) void publisher.publish(mailOf(`m${index}`)).then(() => (settled += 1));
  await publisher.close();
  expect(settled).toBe(40);
  await expect(publisher.publish(mailOf('late'))).rejects.toMatchObject({ code: 'AWAY' });
});
