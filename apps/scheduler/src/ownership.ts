import type { Lease } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import { metrics } from './metrics.ts';
import type { Tenure } from './tenure.ts';

export interface OwnershipOptions {
  readonly lease: Lease;
  readonly begin: () => Promise<Tenure>;
  readonly onChange: (tenure: Tenure | null) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const pauseMs = 500;

/** Contends for the partition for ever: stands by, owns it, loses it, stands by again. Resolves after the signal, with everything ended. */
export async function contend(options: OwnershipOptions): Promise<void> {
  const { log, clock, signal } = options;
  while (!signal.aborted) {
    try {
      await ownOnce(options);
    } catch (error) {
      if (!signal.aborted) log.error('the partition could not be taken over; trying again', { error });
    }
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}

async function ownOnce({ lease, begin, onChange, log, signal }: OwnershipOptions): Promise<void> {
  log.info('standing by for the partition');
  await lease.acquire(signal);
  try {
    const tenure = await begin();
    onChange(tenure);
    metrics.owner.set(1);
    log.info('owning the partition');
    const asked = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => asked.resolve(), { once: true });
    if (signal.aborted) asked.resolve();
    await Promise.race([tenure.over, asked.promise]);
    log.info('the ownership ends', { asked: signal.aborted });
    onChange(null);
    await tenure.end();
  } finally {
    metrics.owner.set(0);
    onChange(null);
    await lease.release();
  }
}
