import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { QueueStatsResponseSchema, type QueueStatsResponse } from '@posthaste/protocol';
import { isStreamError, type FillWatch } from '@posthaste/stream';
import type { MessageSources } from './message-finding.ts';
import { refusal } from '../refusal/refusal.ts';
import type { SchedulerLookup } from './scheduler-lookup.ts';
import { sumStats } from './sum-stats.ts';

export interface StatsSources {
  readonly ledger: Pick<MessageSources['ledger'], 'lagMs'>;
  readonly lookup: Pick<SchedulerLookup, 'stats'>;
  readonly fill: Pick<FillWatch, 'ratio'>;
}

/** What the schedulers count, and beside it what only the api sees. Rejects with UNAVAILABLE. */
export async function queueStats({ ledger, lookup, fill }: StatsSources): Promise<QueueStatsResponse> {
  const [counted, lagMs] = await Promise.all([lookup.stats(), ledgerLag(ledger)]);
  return create(QueueStatsResponseSchema, { ...sumStats(counted), fillRatio: fill.ratio, ledgerLag: durationFromMs(Math.round(lagMs)) });
}

function ledgerLag(ledger: StatsSources['ledger']): Promise<number> {
  return ledger.lagMs().catch((error: unknown) => {
    if (!isStreamError(error)) throw error;
    throw refusal('STORAGE_UNAVAILABLE', 'the journal cannot be read now; try again', { cause: error });
  });
}
