import { durationMs } from '@bufbuild/protobuf/wkt';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { UpstreamState, type QueueStatsResponse } from '@posthaste/protocol';
import { jsonResponse } from './rest/error.ts';

export interface HealthSources {
  /** Whether storage answers this program. */
  readonly connected: () => boolean;
  /** As QueueStats tells it; rejects while the scheduler is away. */
  readonly stats: () => Promise<QueueStatsResponse>;
}

/** ok: all of it works. degraded: mail is taken, and some of it waits for what is named. down: mail is not taken, or not passed on. */
type Word = 'ok' | 'degraded' | 'down';

type HealthReport = {
  readonly status: Word;
  readonly storage: { readonly status: Word; readonly fillRatio?: number };
  readonly scheduler: { readonly status: Word; readonly partitionsWithout?: number[] };
  readonly ledger?: { readonly status: Word; readonly lagMs: number };
  readonly senders?: number;
  upstreams?: { readonly name: string; readonly status: Word; readonly trouble?: string }[];
};

/** At it the doors push back. */
const full = 0.9;
const longestLagMs = 60_000;

/** `GET /health`: the whole product in one answer; 503 when it is down. */
export async function answerHealth(sources: HealthSources): Promise<UniversalServerResponse> {
  const report = await reportHealth(sources);
  return jsonResponse(report.status === 'down' ? 503 : 200, { 'cache-control': 'no-store' }, report);
}

async function reportHealth({ connected, stats }: HealthSources): Promise<HealthReport> {
  const storage: Word = connected() ? 'ok' : 'down';
  const taken = await stats().catch(() => undefined);
  if (!taken) return { status: 'down', storage: { status: storage }, scheduler: { status: 'down' } };
  const parts = partsOf(taken, storage);
  const words = [parts.storage.status, parts.scheduler.status, parts.ledger.status, ...parts.upstreams.map((upstream) => upstream.status)];
  const degraded = words.includes('degraded') || parts.senders === 0;
  return { status: storage === 'down' ? 'down' : degraded ? 'degraded' : 'ok', ...parts };
}

function partsOf({ fillRatio, ledgerLag, senders, upstreams, partitions }: QueueStatsResponse, storage: Word) {
  const lagMs = ledgerLag ? durationMs(ledgerLag) : 0;
  return {
    storage: { status: storage === 'ok' && fillRatio >= full ? ('degraded' as const) : storage, fillRatio },
    scheduler: schedulerOf(partitions),
    ledger: { status: lagMs > longestLagMs ? ('degraded' as const) : ('ok' as const), lagMs },
    senders: senders.length,
    upstreams: upstreams.map(({ name, state, trouble }) => ({
      name,
      status: state === UpstreamState.DOWN ? ('degraded' as const) : ('ok' as const),
      ...(trouble === '' ? {} : { trouble }),
    })),
  };
}

/** The mail of a partition without a scheduler is stored and waits. */
function schedulerOf(partitions: QueueStatsResponse['partitions']) {
  const partitionsWithout = partitions.filter(({ owner }) => owner === '').map(({ partition }) => partition);
  return partitionsWithout.length === 0 ? { status: 'ok' as const } : { status: 'degraded' as const, partitionsWithout };
}
