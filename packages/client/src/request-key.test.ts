import { expect, test } from 'vitest';
import { createFakePosthaste } from './fake/index.ts';

const mail = { from: 'shop@example.org', to: 'ann@example.net', text: 'It is on its way.' };

test('a key that is made up is brief, one that was given lasts, by whatever call', async () => {
  const { client, submissions } = createFakePosthaste();
  for (const keys of [[], ['order-1', 'order-2', 'order-3', 'order-4']]) {
    const [one, two, three, four] = keys.map((idempotencyKey) => ({ ...mail, idempotencyKey }));
    await client.submit(one ?? mail);
    await client.sendAndWait(two ?? mail);
    await client.submitBatch([three ?? mail]);
    for await (const { kind } of client.submitStream([four ?? mail])) expect(kind).toBe('accepted');
  }
  expect(submissions().map(({ request }) => request.briefKey)).toEqual([true, true, true, true, false, false, false, false]);
});

test('a call that may repeat itself for longer than a brief key is safe has lasting ones', async () => {
  const { client, submissions } = createFakePosthaste({ client: { timeoutMs: 3_600_000 } });
  await client.submit(mail);
  await client.submit(mail, { timeoutMs: 30_000 });
  expect(submissions().map(({ request }) => request.briefKey)).toEqual([false, true]);
});
