/** What may stand where a time is expected. */
export const expectedTime =
  'a time with its zone, such as 2031-05-01T08:00:00Z, 2031-05-01T10:00:00[Europe/Berlin] or Thu, 1 May 2031 10:00:00 +0200';
/** What may stand where only RFC 3339 allows a time. */
export const expectedInstant = 'a time as in RFC 3339, such as 2031-05-01T08:00:00Z';

/**
 * Milliseconds since the epoch of a time with its zone: an offset (RFC 3339, 5.6), the name of a zone in brackets (RFC 9557), or as in a Date header (RFC 5322,
 * 3.3). Undefined for anything else, and so for a time of which nobody knows where it is told.
 *
 * What a clock that is set ahead leaves out is as long after the gap as it would be into it, so 02:30 is 03:30; what one that is set back shows twice is the first
 * of the two, unless an offset says which. An offset that the zone does not have then is refused.
 */
export function readTime(text: string): number | undefined {
  return readInstant(text) ?? readZoned(text) ?? readMailDate(text);
}

/** Of RFC 3339 alone. */
export function readInstant(text: string): number | undefined {
  const [, date = ''] = /^(\d{4}-\d\d-\d\d)[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  return isDay(date) ? parsed(text) : undefined;
}

/** At a clock of this zone; seconds may be left out. Undefined for what is no time, and for a zone that is unknown. */
export function readLocalTime(text: string, zone: string): number | undefined {
  return /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.test(text) ? zoned(`${text}[${zone}]`) : undefined;
}

/** Calendars other than ours, and further annotations, are not read. */
function readZoned(text: string): number | undefined {
  const form = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?\[!?[A-Za-z0-9_+\-/]+\]$/;
  return form.test(text) ? zoned(text) : undefined;
}

function zoned(text: string): number | undefined {
  try {
    return Temporal.ZonedDateTime.from(text, { disambiguation: 'compatible', offset: 'reject' }).epochMilliseconds;
  } catch {
    return undefined;
  }
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Without the obsolete forms of RFC 5322, 4.3, but GMT and UT, which programs still write. */
function readMailDate(text: string): number | undefined {
  const form = /^(?:([A-Z][a-z]{2}), ?)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d)(:\d\d)? (GMT|UT|[+-]\d{4})$/;
  const [, weekday, day = '', month = '', year = '', time = '', seconds = ':00', zone = ''] = form.exec(text) ?? [];
  const number = months.indexOf(month.toLowerCase()) + 1;
  if (number === 0) return undefined;
  const date = `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (!isDay(date) || (weekday !== undefined && weekday !== weekdayOf(date))) return undefined;
  return parsed(`${date}T${time}${seconds}${/^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : 'Z'}`);
}

function weekdayOf(date: string): string {
  return new Date(date).toUTCString().slice(0, 3);
}

function parsed(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDay(date: string): boolean {
  const midnight = Date.parse(date);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
}
