import { callServer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { isStreamError, StreamError } from './errors.ts';
import { bodiesStream, journalStream } from './layout.ts';
import { defaultLimits, planStreams, sumOfShares, type StreamConfig, type StreamLimits } from './plan.ts';

export interface EnsureStreamsOptions {
  /** How many. Default 1. May be raised later, and not be lowered: mail would lie where nobody looks. */
  readonly partitions?: number;
  /** What the shares are taken of; by default what the account may store, else what the streams have already, else 10 GiB (less when the server has no room for it). */
  readonly storageBytes?: number;
  readonly limits?: Partial<StreamLimits>;
}

const storageWhenUnlimited = 10 * 1024 ** 3;
const smallestGuess = 32 * 1024 ** 2;
const largestSum = 0.9;

/**
 * Creates what is missing of all streams, and brings those with other settings to these. Rejects with BROKEN, naming the
 * stream, when the server cannot change one, with UNFIT when partitions were lowered, with FULL when the storage that is asked for is not there, and with AWAY.
 */
export async function ensureStreams(connection: StreamConnection, options: EnsureStreamsOptions = {}): Promise<void> {
  const { partitions = 1 } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const sum = sumOfShares(limits.shares);
  if (sum > largestSum + 1e-9) {
    throw new StreamError(
      'BROKEN',
      `the shares of the streams' storage sum to ${sum}, at most ${largestSum} is expected: make some of limits.shares smaller`,
    );
  }
  await refuseFewer(connection, partitions);
  const storageBytes = options.storageBytes ?? (await accountStorage(connection)) ?? (await earlierStorage(connection, limits));
  if (storageBytes !== undefined) return ensureAll(connection, planStreams(partitions, storageBytes, limits));
  return ensureLargest(connection, (bytes) => planStreams(partitions, bytes, limits));
}

/** Of a partition that nobody knows of the mail would wait for ever. */
async function refuseFewer(connection: StreamConnection, partitions: number): Promise<void> {
  let stored = partitions;
  while (await findConfig(connection, journalStream(stored))) stored += 1;
  if (stored === partitions) return;
  throw new StreamError(
    'UNFIT',
    `partitions is ${partitions}, yet mail is kept here in ${stored} (there is ${journalStream(stored - 1)}): their number can be raised and not be lowered; set partitions to ${stored} for all programs`,
  );
}

interface AccountInfo {
  readonly limits: { readonly max_storage: number };
}

/** Undefined when the account has no limit of its own: the server's limit (max_file_store) is not told to clients. */
async function accountStorage(connection: StreamConnection): Promise<number | undefined> {
  const { limits } = await callServer<AccountInfo>(connection, 'INFO');
  return limits.max_storage > 0 ? limits.max_storage : undefined;
}

/** What was found to fit before stays: trying anew would change every stream at every start. Told by a stream whose share does not depend on the number of partitions. */
async function earlierStorage(connection: StreamConnection, { shares }: StreamLimits): Promise<number | undefined> {
  const bodies = await findConfig(connection, bodiesStream);
  const bytes = bodies?.['max_bytes'];
  return typeof bytes === 'number' && bytes > 0 ? Math.ceil(bytes / shares.bodies) : undefined;
}

/** The first of 10 GiB, 5 GiB and so on that the server has room for. */
async function ensureLargest(connection: StreamConnection, plan: (bytes: number) => readonly StreamConfig[]): Promise<void> {
  for (let bytes = storageWhenUnlimited; ; bytes = Math.floor(bytes / 2)) {
    try {
      return await ensureAll(connection, plan(bytes));
    } catch (error) {
      if (!isStreamError(error, 'FULL') || bytes / 2 < smallestGuess) throw error;
      connection.log.info('the server has no room for that much storage; trying with half of it', { storageBytes: bytes });
    }
  }
}

async function ensureAll(connection: StreamConnection, plan: readonly StreamConfig[]): Promise<void> {
  for (const config of plan) await ensureStream(connection, config);
}

async function ensureStream(connection: StreamConnection, config: StreamConfig): Promise<void> {
  const existing = await findConfig(connection, config.name);
  if (!existing) return createStream(connection, config);
  const different = differences(existing, config);
  if (different.length === 0) return;
  connection.log.info('a stream is brought to new settings', { stream: config.name, different: different.join('; ') });
  await updateStream(connection, { ...existing, ...config }, different);
}

async function findConfig(connection: StreamConnection, name: string): Promise<Record<string, unknown> | undefined> {
  try {
    const { config } = await callServer<{ config: Record<string, unknown> }>(connection, `STREAM.INFO.${name}`);
    return config;
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function createStream(connection: StreamConnection, config: StreamConfig): Promise<void> {
  try {
    await callServer(connection, `STREAM.CREATE.${config.name}`, config);
  } catch (error) {
    if (!isStreamError(error, 'FULL')) throw error;
    throw new StreamError(
      'FULL',
      `the server has no room for ${config.name} with ${config.max_bytes} bytes: make limits.storage smaller or the server's max_file_store larger`,
      { cause: error },
    );
  }
}

async function updateStream(connection: StreamConnection, config: StreamConfig, different: readonly string[]): Promise<void> {
  try {
    await callServer(connection, `STREAM.UPDATE.${config.name}`, config);
  } catch (error) {
    if (isStreamError(error, 'AWAY')) throw error;
    const sentence = `the stream ${config.name} exists with other settings (${different.join('; ')}) and the server cannot change it: remove it, or set what differs back`;
    throw new StreamError(isStreamError(error, 'FULL') ? 'FULL' : 'BROKEN', sentence, { cause: error });
  }
}

/** As in `max_bytes is 1000, expected 2000`. The server leaves out what is false or 0. */
function differences(existing: Record<string, unknown>, wanted: StreamConfig): readonly string[] {
  return Object.entries(wanted)
    .filter(([name, value]) => JSON.stringify(existing[name] ?? emptyLike(value)) !== JSON.stringify(value))
    .map(([name, value]) => `${name} is ${JSON.stringify(existing[name])}, expected ${JSON.stringify(value)}`);
}

const emptyLike = (value: unknown) => (typeof value === 'boolean' ? false : typeof value === 'number' ? 0 : undefined);
