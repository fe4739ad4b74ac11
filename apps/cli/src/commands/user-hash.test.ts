import { verifyPassword } from '@posthaste/users';
import { expect, it } from 'vitest';
import { posthaste } from '../rig.ts';

it('hashes the first line it reads, in a way that the relay can verify', async () => {
  const [hashed, empty] = await Promise.all([posthaste(['user', 'hash'], { input: 'correct horse\nmore\n' }), posthaste(['user', 'hash'])]);
  expect(hashed).toMatchObject({ code: 0, err: '' });
  expect(await verifyPassword('correct horse', hashed.out.trim())).toBe(true);
  expect(empty).toMatchObject({ code: 2, out: '' });
});
