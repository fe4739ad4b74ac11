import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedBinary, cacheFolder } from './cache.ts';
import { type Fetcher, findNatsServer, NatsServerMissing } from './find.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-find-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that only knows its version. */
function writeServer(path: string, version: string): string {
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 });
  return path;
}

function fetcherOf(version: string, calls: string[] = []): Fetcher {
  return {
    name: `source of ${version}`,
    fetch: async (scratch) => {
      calls.push(version);
      return writeServer(join(scratch, 'fetched'), version);
    },
  };
}

const broken: Fetcher = { name: 'broken mirror', fetch: () => Promise.reject(new Error('no route to host')) };

describe('findNatsServer', () => {
  it('takes the one that is named, and no other in its place', async () => {
    const named = writeServer(join(folder, 'mine'), '2.15.3');
    const env = { POSTHASTE_NATS_SERVER: named, PATH: '' };
    expect(await findNatsServer({ env })).toEqual({ binary: named, version: '2.15.3', origin: 'POSTHASTE_NATS_SERVER' });
    const gone = { POSTHASTE_NATS_SERVER: join(folder, 'gone'), POSTHASTE_CACHE: folder };
    await expect(findNatsServer({ env: gone, fetchers: [fetcherOf('2.15.1')] })).rejects.toThrow(/POSTHASTE_NATS_SERVER: there is no .*gone/);
  });

  it('takes one on PATH when it is new enough', async () => {
    const binary = writeServer(join(folder, 'nats-server'), '2.16.0');
    expect(await findNatsServer({ env: { PATH: `/nowhere:${folder}` } })).toEqual({ binary, version: '2.16.0', origin: 'PATH' });
  });

  it('fetches when the one on PATH is too old, and finds it in the cache from then on', async () => {
    writeServer(join(folder, 'nats-server'), '2.9.10');
    const env = { PATH: folder, POSTHASTE_CACHE: join(folder, 'cache') };
    const calls: string[] = [];
    const heard: string[] = [];
    const find = () => findNatsServer({ env, fetchers: [broken, fetcherOf('2.15.1', calls)], onFetch: (sentence) => heard.push(sentence) });
    expect(await find()).toMatchObject({ version: '2.15.1', origin: 'fetched' });
    expect(await find()).toMatchObject({ version: '2.15.1', origin: 'cache', binary: cachedBinary(join(folder, 'cache')) });
    expect(calls).toHaveLength(1);
    expect(heard).toHaveLength(1);
  });

  it('replaces one in the cache that has become too old', async () => {
    const env = { PATH: '', POSTHASTE_CACHE: folder };
    await findNatsServer({ env, fetchers: [fetcherOf('2.15.1')] });
    writeServer(cachedBinary(folder), '2.14.0');
    expect(await findNatsServer({ env, fetchers: [fetcherOf('2.15.2')] })).toMatchObject({ version: '2.15.2', origin: 'fetched' });
  });

  it('fetches once for many who ask at the same time, and leaves nothing but the binary', async () => {
    const env = { PATH: '', POSTHASTE_CACHE: folder };
    const calls: string[] = [];
    const found = await Promise.all(Array.from({ length: 5 }, () => findNatsServer({ env, fetchers: [fetcherOf('2.15.1', calls)] })));
    expect(new Set(found.map((each) => each.version))).toEqual(new Set(['2.15.1']));
    expect(calls).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['bin']);
  });

  it('takes over the lock of a process that died while it fetched', async () => {
    const noSuchProcess = 2 ** 22 + 1;
    writeFileSync(join(folder, 'nats-server.lock'), String(noSuchProcess));
    const env = { PATH: '', POSTHASTE_CACHE: folder };
    expect(await findNatsServer({ env, fetchers: [fetcherOf('2.15.1')] })).toMatchObject({ version: '2.15.1' });
  });

  it('says what was tried, why each failed, and what to do', async () => {
    const env = { PATH: folder, POSTHASTE_CACHE: join(folder, 'cache') };
    const failure = await findNatsServer({ env, fetchers: [broken, fetcherOf('2.10.0')] }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NatsServerMissing);
    expect(String(failure).split('\n')).toEqual([
      'NatsServerMissing: no nats-server of 2.15.0 or newer can be had:',
      '  - PATH: no nats-server on it',
      `  - cache: there is no ${cachedBinary(join(folder, 'cache'))}`,
      '  - broken mirror: no route to host',
      '  - source of 2.10.0: has 2.10.0, too old',
      'Install one and put it on PATH, or name it: POSTHASTE_NATS_SERVER=/path/to/nats-server',
    ]);
  });

  it('fetches nothing when told so', async () => {
    const env = { PATH: '', POSTHASTE_CACHE: folder };
    await expect(findNatsServer({ env, mayFetch: false, fetchers: [fetcherOf('2.15.1')] })).rejects.toThrow(NatsServerMissing);
  });
});

it('keeps the cache where the variables say', () => {
  expect(cacheFolder({ POSTHASTE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/posthaste');
  expect(cacheFolder({})).toMatch(/\/\.cache\/posthaste$/);
});
