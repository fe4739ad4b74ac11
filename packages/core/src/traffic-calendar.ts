/** When more traffic than usual is known to come, or nothing may be taken away. */
export interface CalendarEntry {
  /** ISO weekdays (1 is Monday), and dates such as `2026-12-24`. */
  readonly days: readonly (number | string)[];
  /** Minutes after midnight, wall clock of the time zone. An end that is not after the start lies on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name. */
  readonly timeZone: string;
  /** How many times as many senders as just before it are needed. At least 1. */
  readonly multiplier: number;
  /** No sender is taken away during it. */
  readonly freeze: boolean;
}

/** What a calendar says of a moment. */
export interface Outlook {
  readonly multiplier: number;
  readonly frozen: boolean;
}

/** A multiplier counts from `lookAheadMs` before its entry on, so that senders are there when the traffic comes; a freeze only while the entry lasts. */
export function outlookAt(calendar: readonly CalendarEntry[], now: number, lookAheadMs: number): Outlook {
  const near = calendar.filter((entry) => isWithin(entry, now, now + lookAheadMs));
  return {
    multiplier: Math.max(1, ...near.map(({ multiplier }) => multiplier)),
    frozen: near.some((entry) => entry.freeze && isWithin(entry, now, now)),
  };
}

/** Whether an occurrence of the entry has begun by `until` and not ended by `now`, both wall clock. */
function isWithin(entry: CalendarEntry, now: number, until: number): boolean {
  const last = dateAt(until, entry.timeZone);
  // An occurrence that began yesterday may go on until today.
  for (let date = dateAt(now, entry.timeZone).subtract({ days: 1 }); Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
    if (!isOnDay(entry, date)) continue;
    const [start, end] = occurrence(entry, date);
    if (start <= until && end > now) return true;
  }
  return false;
}

function isOnDay({ days }: CalendarEntry, date: Temporal.PlainDate): boolean {
  return days.includes(date.dayOfWeek) || days.includes(date.toString());
}

/** Where the clock is set forward over an edge of it, the edge is as much later (RFC 5545, 3.3.5); of an hour that comes twice the first one counts. */
function occurrence({ fromMinute, toMinute, timeZone }: CalendarEntry, date: Temporal.PlainDate): [start: number, end: number] {
  const endDate = toMinute > fromMinute ? date : date.add({ days: 1 });
  return [timeOn(date, fromMinute, timeZone), timeOn(endDate, toMinute, timeZone)];
}

/** 24:00 is the next day's 00:00. */
function timeOn(date: Temporal.PlainDate, minute: number, timeZone: string): number {
  const day = date.add({ days: Math.floor(minute / 1_440) });
  const plainTime = new Temporal.PlainTime(Math.floor((minute % 1_440) / 60), minute % 60);
  return day.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds;
}

function dateAt(wall: number, timeZone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(wall)).toZonedDateTimeISO(timeZone).toPlainDate();
}
