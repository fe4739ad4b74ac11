import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEntry, readLast, readNext, streamState } from './direct.ts';
import { mailStream } from './layout.ts';
import { removeEntry, trimLog } from './removal.ts';
import { mailOf, startTestbed, type Testbed } from './testbed/index.ts';

const log = mailStream(0, 'normal');
let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
  const publisher = testbed.publisher(testbed.direct);
  for (let index = 1; index <= 20; index += 1) await publisher.publish(mailOf(`m${index}`, Buffer.from(`body ${index}`)));
});
afterAll(() => testbed.close());

it.each([false, true])('reads one entry by its sequence, from the leader: %s', async (fromLeader) => {
  const entry = await readEntry(testbed.direct, log, 19, { fromLeader });
  expect(entry).toMatchObject({ sequence: 19, subject: 'mail.0.normal.acme' });
  expect(new TextDecoder().decode(entry.body)).toBe('body 19');
  expect(entry.header('Nats-Msg-Id')).toBe('m19');
  expect(entry.time).toBeGreaterThan(1_700_000_000_000);
  await expect(readEntry(testbed.direct, log, 99, { fromLeader })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('reads the last entry on a subject', async () => {
  expect((await readLast(testbed.direct, log, 'mail.0.normal.acme')).sequence).toBe(20);
  await expect(readLast(testbed.direct, log, 'mail.0.normal.nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('removes an entry, and takes it well when it is gone or never was', async () => {
  for (const sequence of [15, 15, 99]) await removeEntry(testbed.direct, log, sequence);
  await expect(readEntry(testbed.direct, log, 15)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await streamState(testbed.direct, log)).messages).toBe(19);
  await expect(removeEntry(testbed.direct, 'NO_SUCH_STREAM', 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('reads the first entry from a sequence on, over what was removed', async () => {
  expect((await readNext(testbed.direct, log, 15)).sequence).toBe(16);
  await expect(readNext(testbed.direct, log, 21)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('trims up to and including a sequence', async () => {
  await trimLog(testbed.direct, log, 10);
  expect(await streamState(testbed.direct, log)).toMatchObject({ first: 11, last: 20, messages: 9 });
  await trimLog(testbed.direct, log, 0);
  await trimLog(testbed.direct, log, 5);
  expect((await streamState(testbed.direct, log)).first).toBe(11);
  await removeEntry(testbed.direct, log, 10);
  await trimLog(testbed.direct, log, 20);
  expect(await streamState(testbed.direct, log)).toMatchObject({ first: 21, last: 20, messages: 0 });
});
