import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compileCacheFolder } from './compile-cache.ts';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('makes a folder that only its owner can write to, where XDG says', () => {
  const cache = scratch();
  const folder = compileCacheFolder({ XDG_CACHE_HOME: cache, HOME: '/nowhere' });
  expect(folder).toBe(join(cache, 'posthaste', 'compiled'));
  expect(statSync(folder ?? '').mode & 0o077).toBe(0);
});

test('is under the home of the caller otherwise', () => {
  const home = scratch();
  expect(compileCacheFolder({ HOME: home })).toBe(join(home, '.cache', 'posthaste', 'compiled'));
});

test('uses no folder that somebody else owns or may write to', () => {
  const cache = scratch();
  const folder = compileCacheFolder({ XDG_CACHE_HOME: cache }) ?? '';
  expect(compileCacheFolder({ XDG_CACHE_HOME: cache }, 54_321)).toBeUndefined();
  chmodSync(folder, 0o777);
  expect(compileCacheFolder({ XDG_CACHE_HOME: cache })).toBeUndefined();
});

test('goes without one where none can be made', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  expect(compileCacheFolder({ XDG_CACHE_HOME: file })).toBeUndefined();
});
