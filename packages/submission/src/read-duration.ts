/** What may stand where a duration is expected. */
export const expectedDuration = 'a duration above zero, such as 90s, 15m, 2h or 3d';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a number with its unit: ms, s, m, h or d; undefined for anything else, and for zero. */
export function readDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}
