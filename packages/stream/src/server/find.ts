import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describeError } from '@posthaste/telemetry';
import { cachedBinary, cacheFolder, type CacheVariables, fillCache } from './cache.ts';
import { fetchFromDebian } from './fetch-debian.ts';
import { fetchFromRelease } from './fetch-release.ts';
import { isUsable, oldestUsable, readVersion } from './version.ts';

export interface FindOptions {
  /** The environment: POSTHASTE_NATS_SERVER, PATH, POSTHASTE_CACHE and XDG_CACHE_HOME are looked at. */
  readonly env: CacheVariables & { readonly POSTHASTE_NATS_SERVER?: string | undefined; readonly PATH?: string | undefined };
  /** Hears once, before a fetch that may take a minute. */
  readonly onFetch?: (sentence: string) => void;
  /** False: take what is there, fetch nothing. */
  readonly mayFetch?: boolean;
  /** Where a binary can be had from, in this order. For tests. */
  readonly fetchers?: readonly Fetcher[];
}

export interface Fetcher {
  readonly name: string;
  /** Leaves the binary somewhere in the scratch folder, and answers its path. */
  fetch(scratch: string): Promise<string>;
}

export interface FoundServer {
  readonly binary: string;
  readonly version: string;
  readonly origin: 'POSTHASTE_NATS_SERVER' | 'PATH' | 'cache' | 'fetched';
}

/** No usable nats-server: says what was tried, why each failed, and what to do. */
export class NatsServerMissing extends Error {
  override readonly name = 'NatsServerMissing';

  constructor(tried: readonly string[]) {
    const lines = tried.map((line) => `  - ${line}`).join('\n');
    super(
      `no nats-server of ${oldestUsable} or newer can be had:\n${lines}\nInstall one and put it on PATH, or name it: POSTHASTE_NATS_SERVER=/path/to/nats-server`,
    );
  }
}

const allFetchers: readonly Fetcher[] = [
  { name: 'Debian mirror of this machine', fetch: fetchFromDebian },
  { name: 'release archive', fetch: (scratch) => fetchFromRelease(join(scratch, 'release')) },
];

/** One named by POSTHASTE_NATS_SERVER, else one on PATH, else one in the cache, else one fetched into the cache. */
export async function findNatsServer(options: FindOptions): Promise<FoundServer> {
  const named = options.env.POSTHASTE_NATS_SERVER;
  const tried: string[] = [];
  if (named) {
    // Someone who names a binary wants that one: nothing else is taken in its place.
    const found = await look('POSTHASTE_NATS_SERVER', named, tried);
    if (found) return found;
    throw new NatsServerMissing(tried);
  }
  const folder = cacheFolder(options.env);
  const present = (await lookOnPath(options.env.PATH ?? '', tried)) ?? (await look('cache', cachedBinary(folder), tried));
  if (present) return present;
  if (options.mayFetch === false) throw new NatsServerMissing(tried);
  return fetchInto(folder, options, tried);
}

async function lookOnPath(path: string, tried: string[]): Promise<FoundServer | undefined> {
  for (const folder of path.split(delimiter).filter((each) => each !== '')) {
    const binary = join(folder, 'nats-server');
    const present = await access(binary, constants.X_OK).then(
      () => true,
      () => false,
    );
    const found = present ? await look('PATH', binary, tried) : undefined;
    if (found) return found;
  }
  if (!tried.some((line) => line.startsWith('PATH:'))) tried.push('PATH: no nats-server on it');
  return undefined;
}

async function look(origin: FoundServer['origin'], binary: string, tried: string[]): Promise<FoundServer | undefined> {
  try {
    const version = await readVersion(binary);
    if (isUsable(version)) return { binary, version, origin };
    tried.push(`${origin}: ${binary} is ${version}, too old`);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    tried.push(`${origin}: ${missing ? `there is no ${binary}` : describeError(error).trim()}`);
  }
  return undefined;
}

async function fetchInto(folder: string, options: FindOptions, tried: string[]): Promise<FoundServer> {
  const cached = cachedBinary(folder);
  const isThere = async () => (await look('cache', cached, [])) !== undefined;
  await fillCache(folder, isThere, (scratch) => {
    options.onFetch?.(`fetching nats-server once, into ${folder}; this takes up to a minute`);
    return fetchAny(options.fetchers ?? allFetchers, scratch, tried);
  });
  const found = await look('fetched', cached, tried);
  if (found) return found;
  throw new NatsServerMissing(tried);
}

async function fetchAny(fetchers: readonly Fetcher[], scratch: string, tried: string[]): Promise<string> {
  for (const fetcher of fetchers) {
    try {
      const binary = await fetcher.fetch(scratch);
      const version = await readVersion(binary);
      if (isUsable(version)) return binary;
      tried.push(`${fetcher.name}: has ${version}, too old`);
    } catch (error) {
      tried.push(`${fetcher.name}: ${describeError(error)}`);
    }
  }
  throw new NatsServerMissing(tried);
}
