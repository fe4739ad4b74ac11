import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@posthaste/telemetry/clock';
import { fail, type Finding, pass, warn } from './check.ts';

/** Types in the sources and JetStream's clients need it. */
const oldestNode = 26;

export function checkNode(version = process.versions.node): Finding {
  if (Number.parseInt(version, 10) >= oldestNode) return pass('node', version);
  return fail('node', `${version} is too old`, `Use Node ${oldestNode} or newer; npx -y pnpm@12 posthaste brings its own.`);
}

export async function checkStorage(dataDir: string, durability: string): Promise<Finding[]> {
  if (!existsSync(dataDir)) {
    const hint = 'Name the folder that posthaste up was given with --data-dir, or look at the disks of your own nats-server.';
    return [warn('storage', `there is no data folder ${dataDir}`, hint)];
  }
  return [checkDurability(durability), checkSync(dataDir), await checkRoom(dataDir)];
}

function checkDurability(durability: string): Finding {
  if (durability === 'durable') return pass('durability', 'durable: accepted means fsynced');
  return warn('durability', 'fast: a power cut may lose the last moments', 'Start with --durability durable unless that is meant.');
}

const samples = 15;
/** Above this every acceptance is slow: some hundred mails a second, however many come at once. */
const slowSyncMs = 10;

/** What a durable acceptance waits for: a write of one page and its fsync. */
function checkSync(dataDir: string): Finding {
  const path = join(dataDir, `.doctor-${process.pid}`);
  try {
    const medianMs = medianSyncMs(path);
    const says = `${medianMs.toFixed(2)} ms at the median of ${samples}`;
    return medianMs < slowSyncMs ? pass('fsync', says) : warn('fsync', says, 'Put the data folder on a faster disk, or accept --durability fast.');
  } catch (error) {
    return fail(
      'fsync',
      `nothing can be written to ${dataDir}: ${error instanceof Error ? error.message : String(error)}`,
      'Give this user the right to write there.',
    );
  } finally {
    rmSync(path, { force: true });
  }
}

function medianSyncMs(path: string): number {
  const file = openSync(path, 'w');
  try {
    const page = Buffer.alloc(4096, 1);
    const times = Array.from({ length: samples }, () => {
      const start = systemClock.monotonic();
      writeSync(file, page);
      fsyncSync(file);
      return systemClock.monotonic() - start;
    });
    return times.sort((left, right) => left - right)[Math.floor(samples / 2)] ?? 0;
  } finally {
    closeSync(file);
  }
}

const littleBytes = 5 * 2 ** 30;
const tooLittleBytes = 512 * 2 ** 20;

async function checkRoom(dataDir: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const says = `${inGib(free)} free of ${inGib(blocks * bsize)}`;
  if (free < tooLittleBytes) return fail('disk', says, 'Make room: without it new mail is refused.');
  return free < littleBytes ? warn('disk', says, 'Make room soon: when the disk is full new mail is refused.') : pass('disk', says);
}

function inGib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
