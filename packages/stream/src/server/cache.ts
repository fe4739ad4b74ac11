import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@posthaste/telemetry';
import { isAlive } from './alive.ts';

/** The variables that say where the cache is. */
export interface CacheVariables {
  readonly POSTHASTE_CACHE?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
}

export function cacheFolder(env: CacheVariables): string {
  return env.POSTHASTE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'posthaste');
}

export function cachedBinary(folder: string): string {
  return join(folder, 'bin/nats-server');
}

/**
 * Runs `fetch` in a scratch folder inside the cache and puts the binary that it made in place. Only one process fetches at a time; `isThere`
 * is asked again by those who waited. The rename is atomic, so even a lock taken over wrongly costs a second download and nothing else.
 */
export async function fillCache(folder: string, isThere: () => Promise<boolean>, fetch: (scratch: string) => Promise<string>): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  const unlock = await lock(join(folder, 'nats-server.lock'));
  const scratch = join(folder, `fetch-${randomUUID()}`);
  try {
    if (await isThere()) return;
    await mkdir(scratch);
    const binary = await fetch(scratch);
    await chmod(binary, 0o755);
    await rename(binary, cachedBinary(folder));
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await unlock();
  }
}

const lookAgainMs = 100;

/** A file with the owner's pid. The lock of a process that died is taken over. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    // An empty file is one whose owner is about to write its pid.
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
    else await systemClock.sleep(lookAgainMs);
  }
}
