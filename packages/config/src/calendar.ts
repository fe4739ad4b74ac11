import type { CalendarEntry } from '@posthaste/core';
import { didYouMean } from './nearest.ts';
import { type Parsed, refused, taken } from './quantity.ts';
import { define, isMapping } from './setting.ts';

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** What an entry may say; what it does not say is as here. */
const unsaid = { days: 'mon-sun', from: '00:00', to: '24:00', timeZone: 'UTC', multiplier: '1', freeze: 'false' };
type Words = typeof unsaid;

const example = 'days=sat from=16:00 to=18:00 timeZone=Europe/Amsterdam multiplier=4 freeze=true';

export const calendarSetting = define(
  {
    default: '',
    doc: `When more mail than usual is known to come: entries such as ${example}, divided by ; or a YAML sequence of mappings. Days are weekdays, spans (mon-fri) or dates (2026-12-24). As many times as many senders as just before are needed then (1 to 100); a freeze takes none away.`,
  },
  { kind: 'list of traffic', parse: parseCalendar, show: (entries: readonly CalendarEntry[]) => entries.map(showEntry).join('; ') },
);

function parseCalendar(input: unknown): Parsed<readonly CalendarEntry[]> {
  const all = entriesOf(input);
  if (!all) return refused(`entries such as ${example}, divided by ; or as a YAML sequence of mappings`);
  const entries: CalendarEntry[] = [];
  for (const words of all) {
    const entry = parseEntry(words);
    if (entry.kind === 'refused')
      return refused(
        `${entry.expected}, in ${Object.entries(words)
          .map((pair) => pair.join('='))
          .join(' ')}`,
      );
    entries.push(entry.value);
  }
  return taken(entries);
}

type Given = Readonly<Record<string, string>>;

function entriesOf(input: unknown): readonly Given[] | undefined {
  if (typeof input === 'string') {
    const lines = input.split(';').filter((line) => line.trim() !== '');
    return lines.map((line) => Object.fromEntries(line.trim().split(/\s+/).map(splitWord)));
  }
  if (!Array.isArray(input) || !input.every(isMapping)) return undefined;
  return input.map((entry) => Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, String(value)])));
}

function splitWord(word: string): [string, string] {
  const cut = word.indexOf('=');
  return cut < 0 ? [word, ''] : [word.slice(0, cut), word.slice(cut + 1)];
}

function parseEntry(given: Given): Parsed<CalendarEntry> {
  const stranger = Object.keys(given).find((key) => !Object.hasOwn(unsaid, key));
  if (stranger !== undefined)
    return refused(`${Object.keys(unsaid).join(', ')} instead of '${stranger}'${didYouMean(stranger, Object.keys(unsaid))}`);
  const words: Words = { ...unsaid, ...given };
  const days = parseDays(words.days);
  const [fromMinute, toMinute, multiplier] = [parseTime(words.from), parseTime(words.to), parseMultiplier(words.multiplier)];
  const { timeZone, freeze } = words;
  if (!days) return refused('days of mon to sun, spans such as mon-fri, or dates such as 2026-12-24');
  if (fromMinute === undefined || toMinute === undefined || fromMinute === 1_440) return refused('from and to as hours and minutes, 00:00 to 24:00');
  if (fromMinute === toMinute) return refused('a to other than from; the whole day is from=00:00 to=24:00');
  if (!isTimeZone(timeZone)) return refused('a timeZone by its IANA name, such as Europe/Amsterdam');
  if (multiplier === undefined) return refused('a multiplier from 1 to 100');
  if (freeze !== 'true' && freeze !== 'false') return refused('freeze=true or freeze=false');
  if (multiplier === 1 && freeze === 'false') return refused('a multiplier above 1, or freeze=true: it would do nothing');
  return taken({ days, fromMinute, toMinute, timeZone, multiplier, freeze: freeze === 'true' });
}

function parseDays(text: string): readonly (number | string)[] | undefined {
  const days = text.split(',').map((word) => parseDay(word.trim().toLowerCase()));
  return days.includes(undefined) ? undefined : [...new Set(days.flatMap((each) => each ?? []))];
}

/** A span may go over the end of the week. */
function parseDay(word: string): readonly (number | string)[] | undefined {
  if (isDate(word)) return [word];
  const [first, last = first, ...more] = word.split('-').map((name) => weekdays.indexOf(name));
  if (first === undefined || last === undefined || first < 0 || last < 0 || more.length > 0) return undefined;
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => ((first + index) % 7) + 1);
}

function isDate(word: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(word)) return false;
  try {
    return Temporal.PlainDate.from(word).toString() === word;
  } catch {
    return false;
  }
}

function parseTime(text: string): number | undefined {
  const [, hour, minute] = /^(\d{1,2}):([0-5]\d)$/.exec(text) ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  return minutes <= 1_440 ? minutes : undefined;
}

function parseMultiplier(text: string): number | undefined {
  return /^\d{1,3}(\.\d{1,3})?$/.test(text) && Number(text) >= 1 && Number(text) <= 100 ? Number(text) : undefined;
}

function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

function showEntry({ days, fromMinute, toMinute, timeZone, multiplier, freeze }: CalendarEntry): string {
  const names = days.map((day) => (typeof day === 'number' ? weekdays[day - 1] : day));
  return `days=${names.join(',')} from=${showTime(fromMinute)} to=${showTime(toMinute)} timeZone=${timeZone} multiplier=${multiplier} freeze=${freeze}`;
}

function showTime(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
