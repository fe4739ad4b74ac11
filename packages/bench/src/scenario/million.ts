import { join } from 'node:path';
import { nodeFlags } from '@posthaste/config';
import { Remote } from '../remote.ts';
import type { MillionResult } from './million-measure.ts';
import type { MillionMethods } from './million-process.ts';

const waiting = 1_000_000;

/** Tickets stand in the core, in the simulated streams, and in the books that are kept to check both. */
const heapFlag = '--max-old-space-size=6144';

export async function runMillion(): Promise<MillionResult> {
  const simulator = new Remote<MillionMethods>('simulator', join(import.meta.dirname, 'million-process.ts'), [...nodeFlags, heapFlag]);
  try {
    return await simulator.ask('measure', waiting);
  } finally {
    simulator.end();
  }
}
