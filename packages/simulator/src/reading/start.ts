import { type Parsed, refused, taken } from '@posthaste/config/quantity';
import type { Section } from './section.ts';

const dayMs = 86_400_000;

/** A Monday, in case that nobody cares. */
const someMonday = '2029-01-01T00:00:00Z';

const timeWithOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|([+-])(\d\d):(\d\d))$/;

/** A time of RFC 3339: the hours of the day are counted by its offset. */
export function readStart(root: Section): { startsAt: number; intoDayMs: number } {
  const text = root.take('start', startOf, someMonday) ?? someMonday;
  const startsAt = Date.parse(text);
  const [, , , sign, hours, minutes] = timeWithOffset.exec(text) ?? [];
  const offsetMs = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000 * (sign === '-' ? -1 : 1);
  return { startsAt, intoDayMs: (startsAt + offsetMs) % dayMs };
}

function startOf(input: unknown): Parsed<string> {
  const text = input instanceof Date ? input.toISOString() : String(input);
  return timeWithOffset.test(text) && !Number.isNaN(Date.parse(text))
    ? taken(text)
    : refused('a time with its offset such as 2029-06-02T00:00:00+02:00');
}

/** `16:30`: milliseconds after midnight. */
export function clockTimeOf(input: unknown): Parsed<number> {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(String(input)) ?? [];
  return hours === undefined ? refused('a time of the day such as "16:30", in quotes') : taken((Number(hours) * 60 + Number(minutes)) * 60_000);
}
