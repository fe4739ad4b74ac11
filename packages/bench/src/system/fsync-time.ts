import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Percentiles, percentiles } from '../report/percentiles.ts';
import { sharedNow } from '../shared-time.ts';

const rounds = 200;
const recordBytes = 10_240;

/** How long this disk takes to make a record of 10 KiB durable: what every figure of the durable mode stands on. */
export function measureFsync(folder: string): Percentiles {
  const path = join(folder, 'fsync');
  const file = openSync(path, 'w');
  const record = Buffer.alloc(recordBytes, 'x');
  const times = Float64Array.from({ length: rounds }, () => {
    writeSync(file, record);
    const begun = sharedNow();
    fsyncSync(file);
    return sharedNow() - begun;
  });
  closeSync(file);
  rmSync(path);
  return percentiles(times);
}
