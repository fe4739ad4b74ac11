/** A hint of less is taken for this: no upstream means that a mail should be back in the same breath. */
export const leastHintMs = 1_000;

/** A hint of more is taken for this: a slip in a stranger's text must not put a mail off for months. */
export const mostHintMs = 6 * 3_600_000;

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const unit = '(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\\b';
const amount = `(\\d{1,9})(?:\\(?s\\)?)?[ -]?${unit}`;
/** `00:05:00`, or `04:59` without the hours. */
const clock = '(?:(\\d{1,3}):)?(\\d{1,2}):(\\d\\d)\\b';
/** What speaks of coming again. "Within" names the latest time instead of the earliest, and is no hint. */
const lead =
  '(?:try|retry|resend|re-?transmit|come back|return|reconnect|resume|gr[ea]y-?\\s?list(?:ed|ing)?|defer(?:red)?|delay(?:ed)?|block(?:ed)?|throttl(?:ed|ing)|accepted|limited)';
const towards = '(?:in|after|for)(?: the)?(?: next)?(?: at least| about| approximately| another)?:? ';

const amounts = new RegExp(
  `(?:\\b${lead}\\b[^\\d]{0,60}?\\b${towards}|\\bwait (?:for )?(?:at least |about |another )?|\\bretry-?in[ :=]+)${amount}(?:(?:,| and|) ?${amount})?`,
  'i',
);
const clocks = new RegExp(`\\b${lead}\\b[^\\d]{0,60}?\\b${towards}${clock}`, 'i');
/** Without a unit these are seconds, as in HTTP. */
const header = /\bretry[- ]after[ :=]+(\d{1,9})\b(?![:.]?\d| ?[a-z])/i;

/** A reply may be long, and its words stand in its beginning. */
const mostCharacters = 2_000;

/** How long an upstream's text asks us to wait, milliseconds from now, within the bounds; null when it says nothing of it. */
export function hintedWaitMs(text: string): number | null {
  const words = text.slice(0, mostCharacters).replace(/\s+/g, ' ');
  const asked = readAmounts(words) ?? readClock(words) ?? readHeader(words);
  return asked === null ? null : Math.min(Math.max(asked, leastHintMs), mostHintMs);
}

function readAmounts(words: string): number | null {
  const found = amounts.exec(words);
  if (!found) return null;
  const [, first, firstUnit, second, secondUnit] = found;
  return inMs(first, firstUnit) + inMs(second, secondUnit);
}

function inMs(digits = '0', word = 's'): number {
  const short = /^m(?:s$|illi)/i.test(word) ? 'ms' : word.slice(0, 1).toLowerCase();
  return Number(digits) * (unitMs.get(short) ?? 0);
}

function readClock(words: string): number | null {
  const found = clocks.exec(words);
  if (!found) return null;
  const [, hours = '0', minutes, seconds] = found;
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
}

function readHeader(words: string): number | null {
  const seconds = header.exec(words)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}
