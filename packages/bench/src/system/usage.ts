import { readFileSync, writeFileSync } from 'node:fs';

/** What a process has used. */
export interface Usage {
  /** User and system time since it began. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** The most since it began, or since `resetPeak`. */
  readonly peakRssBytes: number;
}

/** Of USER_HZ, which Linux has fixed at 100 in what it tells by /proc. */
const msPerTick = 10;

export function readUsage(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { cpuMs: cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'utf8')), rssBytes: bytesOf(status, 'VmRSS'), peakRssBytes: bytesOf(status, 'VmHWM') };
}

/** proc(5): writing 5 sets the peak to what is used now. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** proc(5): the fields after the name, which stands in brackets and may hold anything; utime and stime are the 14th and 15th of all. */
export function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

function bytesOf(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}
