import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimDataDir } from './data-dir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('refuses a folder that a running process holds', () => {
  const about = `/proc/${process.ppid}/cmdline`;
  const holder = { pid: process.ppid, command: existsSync(about) ? readFileSync(about, 'utf8') : '' };
  writeFileSync(join(folder, 'up.pid'), JSON.stringify(holder));
  expect(() => claimDataDir(folder)).toThrow(/is running on .* already \(process \d+\).*--data-dir DIR --port-base N/);
});

it('takes over what a dead process held', () => {
  writeFileSync(join(folder, 'up.pid'), JSON.stringify({ pid: 2 ** 22 + 1, command: '' }));
  claimDataDir(folder).release();
  claimDataDir(join(folder, 'new/below')).release();
});

it.runIf(existsSync('/proc/self/cmdline'))('takes over from a dead process whose number another program has now', () => {
  writeFileSync(join(folder, 'up.pid'), JSON.stringify({ pid: process.ppid, command: 'another' }));
  expect(claimDataDir(folder).path).toBe(folder);
});
