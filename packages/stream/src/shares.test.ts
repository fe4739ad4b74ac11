import { afterEach, expect, it } from 'vitest';
import { readShares, writeShares } from './shares.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

it('holds one entry, which is replaced only by who has read the last one', async () => {
  testbed = await startTestbed();
  const { direct } = testbed;
  expect(await readShares(direct)).toBeNull();
  const first = await writeShares(direct, { rows: 1 }, 0);
  expect(await readShares(direct)).toEqual({ content: { rows: 1 }, revision: first });
  await expect(writeShares(direct, { rows: 2 }, 0)).rejects.toMatchObject({ code: 'FENCED' });
  const second = await writeShares(direct, { rows: 2 }, first);
  await expect(writeShares(direct, { rows: 3 }, first)).rejects.toMatchObject({ code: 'FENCED' });
  expect(await readShares(direct)).toEqual({ content: { rows: 2 }, revision: second });
});

it('has room for the largest message that the server takes, and for its successor', async () => {
  testbed = await startTestbed();
  const large = { rows: 'x'.repeat(1_000_000) };
  let revision = 0;
  for (let writing = 0; writing < 4; writing += 1) revision = await writeShares(testbed.direct, large, revision);
  expect((await readShares(testbed.direct))?.revision).toBe(revision);
});
