/** What may stand where a time is expected. */
export const expectedTime = 'a time as in RFC 3339, such as 2031-05-01T08:00:00Z';
/** What may stand where a duration is expected. */
export const expectedDuration = 'a duration above zero, such as 90s, 15m, 2h or 3d';

/** Milliseconds since the epoch of a time with its zone (RFC 3339, 5.6); undefined for anything else. */
export function readTime(text: string): number | undefined {
  const [, date = ''] = /^(\d{4}-\d\d-\d\d)[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const time = isDay(date) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDay(date: string): boolean {
  const midnight = Date.parse(date);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a number with its unit: ms, s, m, h or d; undefined for anything else, and for zero. */
export function readDuration(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}
