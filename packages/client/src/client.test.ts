import { expect, test } from 'vitest';
import { collect } from './contract/collect.ts';
import { createFakePosthaste } from './fake/index.ts';

const mail = { from: 'shop@example.org', to: 'ann@example.net', subject: 'Hello', text: 'Your order is on its way.' };

test('hands a mail over, watches it, and lists it', async () => {
  const { client } = createFakePosthaste();
  const { id, replayed } = await client.submit(mail);
  expect(replayed).toBe(false);
  const states = await collect(client.watch(id), ({ state }) => state);
  expect(states).toEqual(['queued', 'delivered']);
  expect(await client.status(id)).toMatchObject({ id, state: 'delivered', final: true, from: 'shop@example.org' });
  expect(await collect(client.list({ states: ['delivered'] }), (message) => message.id)).toEqual([id]);
  expect((await client.stats()).totals).toMatchObject({ acceptedCount: 1, deliveredCount: 1 });
});

test('waits for the upstream', async () => {
  const { client } = createFakePosthaste();
  expect(await client.sendAndWait(mail)).toMatchObject({ settled: true, message: { state: 'delivered' } });
});

test('hands many mails over, some of which are refused', async () => {
  const { client } = createFakePosthaste();
  const results = await client.submitBatch([mail, { ...mail, to: [] }, { ...mail, ttl: 'soon' }, mail]);
  expect(results.map(({ kind, index }) => [kind, index])).toEqual([
    ['accepted', 0],
    ['refused', 1],
    ['refused', 2],
    ['accepted', 3],
  ]);
});
test('streams', async () => {
  const { client } = createFakePosthaste();
  const results = await collect(client.submitStream(Array.from({ length: 1200 }, () => mail)));
  expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 1200 }, (_, index) => index));
});
