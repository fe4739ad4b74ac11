import type { MillionResult } from '../scenario/million-measure.ts';

const askedMs = 1_000;

export function describeMillion({ waiting, immediate, upstreamPerSecond, limit, core }: MillionResult): string {
  return [
    `${waiting.toLocaleString('en')} low mails waiting, the upstream at its limit of ${limit.limit} mails/s, in virtual time`,
    `given to the upstream: ${upstreamPerSecond.toFixed(1)} mails/s, ${limit.most} in any second at most`,
    `immediate, acceptance to delivery: p50 ${immediate.p50Ms} ms, p99 ${immediate.p99Ms} ms (asked: less than ${askedMs}), most ${immediate.maxMs} ms, ${immediate.mails} mails`,
    `core, as measured here and charged: ${core.events.toLocaleString('en')} events, ${(core.busyShare * 100).toFixed(2)} % busy, longest turn ${core.longestTurnMs.toFixed(1)} ms`,
  ].join('\n');
}
