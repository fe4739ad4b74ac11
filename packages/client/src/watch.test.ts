import type { Transport } from '@connectrpc/connect';
import { eventually } from '@posthaste/testkit';
import { expect, test } from 'vitest';
import { createPosthasteClient } from './client.ts';
import { collect } from './contract/collect.ts';
import { createFakePosthaste } from './fake/index.ts';

const mail = { from: 'shop@example.org', to: 'ann@example.net', text: 'It is on its way.' };

test('goes on after each broken call without telling anything twice', async () => {
  const fake = createFakePosthaste();
  fake.answer('ann@example.net', ...Array.from({ length: 5 }, () => ({ kind: 'wait' }) as const));
  let calls = 0;
  const counting: Transport = {
    unary: fake.transport.unary,
    stream(...call) {
      calls += 1;
      return fake.transport.stream(...call);
    },
  };
  const client = createPosthasteClient({ transport: counting, random: () => 0, retry: { maxAttempts: 2 } });
  const { id } = await client.submit(mail);
  const seen: string[] = [];
  for await (const { state, recipients } of client.watch(id)) {
    const attempts = recipients[0]?.attemptCount ?? 0;
    seen.push(`${state} after ${attempts}`);
    fake.breakWatches();
    if (state === 'queued') void eventually(() => calls === attempts + 2).then(() => fake.settle(id, { kind: attempts < 3 ? 'defer' : 'deliver' }));
  }
  expect(seen).toEqual(['queued after 0', 'queued after 1', 'queued after 2', 'queued after 3', 'delivered after 4']);
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
