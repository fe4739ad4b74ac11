import { expect, test } from 'vitest';
import { collect } from './contract/collect.ts';
import { createFakePosthaste } from './fake/index.ts';

const mail = { from: 'shop@example.org', to: 'ann@example.net', text: 'It is on its way.' };

test('goes on after a broken call without telling anything twice', async () => {
  const fake = createFakePosthaste({ client: { random: () => 0 } });
  fake.answer('ann@example.net', { kind: 'defer' }, { kind: 'wait' });
  const { id } = await fake.client.submit(mail);
  const seen: string[] = [];
  for await (const { state, recipients } of fake.client.watch(id)) {
    const attempts = recipients[0]?.attemptCount;
    seen.push(`${state} after ${attempts}`);
    if (state === 'queued') fake.breakWatches();
    if (attempts === 1) fake.settle(id, { kind: 'deliver' });
  }
  expect(seen).toEqual(['queued after 0', 'queued after 1', 'delivered after 2']);
});

test('gives up when the call breaks too often in a row', async () => {
  const fake = createFakePosthaste({ client: { random: () => 0, retry: { maxAttempts: 3 } } });
  fake.answer('ann@example.net', { kind: 'wait' });
  const { id } = await fake.client.submit(mail);
  const breaking = setInterval(() => fake.breakWatches(), 1);
  try {
    await expect(collect(fake.client.watch(id))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  } finally {
    clearInterval(breaking);
  }
});

test('ends when its caller gives up, or its time is over', async () => {
  const fake = createFakePosthaste();
  fake.answer('ann@example.net', { kind: 'wait' });
  const { id } = await fake.client.submit(mail);
  await expect(collect(fake.client.watch(id, { timeoutMs: 20 }))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const giveUp = new AbortController();
  const watching = collect(fake.client.watch(id, { signal: giveUp.signal }));
  setImmediate(() => giveUp.abort());
  await expect(watching).rejects.toMatchObject({ code: 'CANCELLED' });
});
