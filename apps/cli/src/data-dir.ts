import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive } from '@posthaste/stream/server';

export interface DataDir {
  readonly path: string;
  release(): void;
}

/** Makes the data folder and takes it for this process: two servers on one store would destroy it. What a dead process held is taken over. */
export function claimDataDir(folder: string): DataDir {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true });
  const claim = join(path, 'up.pid');
  const holder = readClaim(claim);
  if (holder !== undefined && holder.pid !== process.pid && isAlive(holder.pid) && commandOf(holder.pid) === holder.command) {
    throw new Error(
      `posthaste is running on ${path} already (process ${holder.pid}). Stop that one, or give this one a folder and ports of its own: --data-dir DIR --port-base N`,
    );
  }
  writeFileSync(claim, JSON.stringify({ pid: process.pid, command: commandOf(process.pid) }));
  return { path, release: () => rmSync(claim, { force: true }) };
}

interface Claim {
  readonly pid: number;
  /** Tells the holder from another program that got its pid later. */
  readonly command: string;
}

function readClaim(path: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Claim;
  } catch {
    return undefined;
  }
}

/** Empty where there is no /proc; the pid alone must do there. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
