import { expect, it } from 'vitest';
import { eventually } from './eventually.ts';

it('returns the first truthy value', async () => {
  const values = [0, '', null, false, 'there', 'too late'];
  expect(await eventually(() => values.shift() ?? null, { intervalMs: 1 })).toBe('there');
});

it('waits until assertions pass, in asynchronous conditions too', async () => {
  let count = 0;
  await eventually(
    async () => {
      count += 1;
      await Promise.resolve();
      expect(count).toBe(3);
    },
    { intervalMs: 1 },
  );
  expect(count).toBe(3);
});

it('says what it waited for and how the last call failed', async () => {
  let count = 0;
  const waiting = eventually(
    () => {
      count += 1;
      throw new Error(`failure ${count > 1 ? 'again' : 'first'}`);
    },
    { timeoutMs: 20, intervalMs: 1, describe: 'the mail arrives' },
  );
  await expect(waiting).rejects.toThrow('waited 20 ms in vain until the mail arrives; last: failure again');
});

it('says what a condition returned that never held', async () => {
  await expect(eventually(() => false, { timeoutMs: 0 })).rejects.toThrow('last: it returned false');
});
