import { cpus, totalmem } from 'node:os';
import type { Percentiles } from './percentiles.ts';
import { describePercentiles } from './text.ts';

/** What the figures were measured on; without it they say nothing. */
export interface Machine {
  readonly cpus: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly node: string;
  readonly nats: string;
  readonly fsyncMs: Percentiles;
}

export function describeThisMachine(nats: string, fsyncMs: Percentiles): Machine {
  const all = cpus();
  return { cpus: all.length, cpu: all[0]?.model ?? 'unknown', memoryBytes: totalmem(), node: process.version, nats, fsyncMs };
}

export function describeMachine({ cpus: count, cpu, memoryBytes, node, nats, fsyncMs }: Machine): string {
  return [
    `${count} x ${cpu}, ${Math.round(memoryBytes / 2 ** 30)} GiB, Node ${node}, nats-server ${nats}; load and upstream run on the same machine`,
    `fsync of 10 KiB on this disk: ${describePercentiles(fsyncMs, 3)}`,
  ].join('\n');
}
