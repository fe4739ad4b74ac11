import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkNode, checkStorage } from './machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthaste-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('wants a Node that runs our sources', () => {
  expect(checkNode('26.0.0').verdict).toBe('pass');
  expect(checkNode('20.19.2')).toMatchObject({ verdict: 'fail', hint: expect.stringContaining('26') });
  expect(checkNode()).toMatchObject({ verdict: 'pass', says: process.versions.node });
});

it('measures what a durable acceptance waits for, and leaves nothing behind', async () => {
  const findings = await checkStorage(folder, 'durable');
  expect(findings.map(({ check }) => check)).toEqual(['durability', 'fsync', 'disk']);
  expect(findings[0]).toMatchObject({ verdict: 'pass' });
  expect(findings[1]?.says).toMatch(/^\d+\.\d\d ms at the median of 15$/);
  expect(findings[2]?.says).toMatch(/^\d+\.\d GiB free of \d+\.\d GiB$/);
  expect(readdirSync(folder)).toEqual([]);
});

it('warns of what was chosen, and of what it cannot see', async () => {
  expect((await checkStorage(folder, 'fast'))[0]).toMatchObject({ check: 'durability', verdict: 'warn' });
  expect(await checkStorage(join(folder, 'none'), 'durable')).toEqual([expect.objectContaining({ check: 'storage', verdict: 'warn' })]);
});
