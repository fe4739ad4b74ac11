import { expect, test } from 'vitest';
import { createFakePosthaste } from './fake/index.ts';
import type { ClientClock } from './clock.ts';

const mail = { from: 'shop@example.org', to: 'ann@example.net', text: 'It is on its way.' };

/** Time that passes only by waiting; the longest waits are drawn. */
function fakeWithWaits(retry = {}) {
  const waits: number[] = [];
  let now = 0;
  const clock: ClientClock = {
    monotonic: () => now,
    sleep(ms, signal) {
      waits.push(ms);
      now += ms;
      return signal?.aborted === true ? Promise.reject(signal.reason as Error) : Promise.resolve();
    },
  };
  return { waits, ...createFakePosthaste({ client: { clock, random: () => 1, retry } }) };
}

test('a lost reply makes no second mail', async () => {
  const fake = fakeWithWaits();
  fake.loseReplies(2);
  const { client, waits } = fake;
  expect(await client.submit(mail)).toMatchObject({ replayed: true });
  expect(fake.submissions()).toHaveLength(1);
  expect(waits).toEqual([100, 200]);
});

test('what the server asks for is waited for, and the jitter besides', async () => {
  const fake = fakeWithWaits();
  fake.refuse({ code: 'STORAGE_FULL', sentence: 'full', retryAfterMs: 5_000 });
  fake.refuse({ code: 'IDEMPOTENCY_IN_FLIGHT', sentence: 'in flight', retryAfterMs: 1_000 });
  await fake.client.submit(mail);
  expect(fake.waits).toEqual([5_100, 1_200]);
});

test('the waits are drawn evenly from zero', async () => {
  const fake = createFakePosthaste({ client: { random: () => 0 } });
  fake.refuse({ code: 'UNAVAILABLE', sentence: 'away' }, 7);
  expect(await fake.client.submit(mail)).toMatchObject({ replayed: false });
});

test('patience ends with the attempts, and the last refusal is told', async () => {
  const fake = fakeWithWaits({ maxAttempts: 3 });
  fake.refuse({ code: 'STORAGE_UNAVAILABLE', sentence: 'the storage does not answer' }, 3);
  await expect(fake.client.submit(mail)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    retryable: true,
    message: 'the storage does not answer',
  });
  expect(fake.waits).toEqual([100, 200]);
  expect(fake.submissions()).toHaveLength(0);
});

test('a server that is away is waited for as long as the call may take', async () => {
  const fake = fakeWithWaits();
  fake.refuse({ code: 'UNAVAILABLE', sentence: 'connection refused' }, 100);
  await expect(fake.client.submit(mail)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(fake.waits.reduce((sum, ms) => sum + ms)).toBeGreaterThan(25_000);
});

test('patience ends before a wait that is longer than the time left', async () => {
  const fake = fakeWithWaits();
  fake.refuse({ code: 'STORAGE_FULL', sentence: 'full', retryAfterMs: 5_000 }, 8);
  await expect(fake.client.submit(mail, { timeoutMs: 11_000 })).rejects.toMatchObject({ code: 'STORAGE_FULL', retryAfterMs: 5_000 });
  expect(fake.waits).toEqual([5_100, 5_200]);
});

test('what will not pass is told at once', async () => {
  const fake = fakeWithWaits();
  fake.refuse({ code: 'MESSAGE_TOO_LARGE', sentence: 'too large', metadata: { limit_bytes: '100' } });
  await expect(fake.client.submit(mail)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', metadata: { limit_bytes: '100' } });
  expect(fake.waits).toEqual([]);
});

test('a caller who gives up while waiting is not kept', async () => {
  const giveUp = new AbortController();
  const fake = createFakePosthaste({ client: { random: () => 1 } });
  fake.refuse({ code: 'STORAGE_FULL', sentence: 'full', retryAfterMs: 20_000 });
  const call = fake.client.submit(mail, { signal: giveUp.signal });
  setImmediate(() => giveUp.abort('enough'));
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', cause: 'enough' });
});

test('of a batch only those refused for a passing reason go again', async () => {
  const fake = fakeWithWaits();
  fake.refuse({ code: 'STORAGE_FULL', sentence: 'full' });
  fake.loseReplies();
  const results = await fake.client.submitBatch([mail, { ...mail, subject: 'second' }, { ...mail, subject: 'third' }]);
  expect(results.map((result) => result.kind === 'accepted' && result.replayed)).toEqual([false, true, false]);
  expect(fake.submissions().map(({ request }) => request.subject)).toEqual(['second', 'third', '']);
  expect(fake.waits).toEqual([100]);
});

test('a batch tells what became of each when patience ends', async () => {
  const fake = fakeWithWaits({ maxAttempts: 1 });
  fake.refuse({ code: 'STORAGE_FULL', sentence: 'full' });
  const [first, second] = await fake.client.submitBatch([mail, mail]);
  expect(first).toMatchObject({ kind: 'refused', error: { code: 'STORAGE_FULL' } });
  expect(second).toMatchObject({ kind: 'accepted' });
});

test('a wait for the upstream goes on with the same mail after a lost reply', async () => {
  const fake = fakeWithWaits();
  fake.loseReplies();
  expect(await fake.client.sendAndWait(mail)).toMatchObject({ replayed: true, settled: true });
  expect(fake.submissions()).toHaveLength(1);
});
