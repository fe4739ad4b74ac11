import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hintedWaitMs, leastHintMs, mostHintMs } from './retry-hint.ts';

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

test.each<[text: string, waitMs: number]>([
  ['Greylisted, try again in 300 seconds', 300 * second],
  ['Greylisted for 5 minutes', 5 * minute],
  ['Recipient address rejected: Greylisted for 300 seconds (see https://example.net/greylist.html)', 300 * second],
  ['<b@example.net>: Recipient address rejected: Greylisted, please try again in 4 minutes and 30 seconds', 270 * second],
  ['Greylisting in action, please come back in 00:05:00', 5 * minute],
  ['Greylisting in action, please come back in 04:59', 299 * second],
  ['Graylisted, retry after 1 hour', hour],
  ['retry after 00:15:00', 15 * minute],
  ['You have been greylisted; please try again in 5m.', 5 * minute],
  ['Temporarily deferred, please\nretry in 10 min', 10 * minute],
  ['Too many messages, please wait 1 minute', minute],
  ['Please wait for at least 90 secs before sending again', 90 * second],
  ['try again after 2 hrs', 2 * hour],
  ['Resend after 5 minute(s)', 5 * minute],
  ['Please try again later. Retry in 30s', 30 * second],
  ['Rate limited, Retry-After: 120', 120 * second],
  ['retry-in: 45 seconds', 45 * second],
  ['Your message will be accepted after 15 minutes', 15 * minute],
  ['mail from 192.0.2.1 is deferred for 3600 seconds', hour],
  ['Your IP has been blocked for the next 2 hours', 2 * hour],
  ['try again in about 5 minutes', 5 * minute],
  ['Delayed for 1 hour, 30 minutes', 90 * minute],
  ['try again in 500 ms', leastHintMs],
  ['try again in 0 seconds', leastHintMs],
  ['try again in 30 days', mostHintMs],
  ['try again in 999999999 hours', mostHintMs],
])('%s', (text, waitMs) => {
  expect(hintedWaitMs(text)).toBe(waitMs);
});

test.each([
  'Greylisted, see http://postgrey.schweikert.ch/help/example.net.html',
  'Try again later',
  'Please try again later (S77719)',
  'You have sent 100 messages in 60 minutes, try again later',
  'Try again within 24 hours',
  'try again in 5 steps',
  'Messages from 192.0.2.1 temporarily deferred due to unexpected volume - 4.16.55.1',
  'Throttling failure: Maximum sending rate exceeded.',
  'Greylisted until 2031-05-01 08:00:00',
  'try again in a few minutes',
  '',
])('is silent where nothing says when: %s', (text) => {
  expect(hintedWaitMs(text)).toBeNull();
});

test('is within its bounds whatever the text', () => {
  const words = fc.constantFrom(
    'try again',
    'in',
    'for',
    'after',
    'retry',
    'greylisted',
    '5',
    '300',
    '00:05:00',
    'seconds',
    'minutes',
    'h',
    'wait',
    ',',
    ' and',
    '99999999',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((parts) => parts.join(' ')),
      ),
      (text) => {
        const waitMs = hintedWaitMs(text);
        expect(waitMs === null || (waitMs >= leastHintMs && waitMs <= mostHintMs)).toBe(true);
      },
    ),
  );
});

test('takes a moment however long and odd the text is', () => {
  for (const word of ['try ', 'try again in ', 'greylisted for the next ', 'wait for ', '1 ', '00:'])
    expect(hintedWaitMs(word.repeat(30_000))).toBeNull();
});
