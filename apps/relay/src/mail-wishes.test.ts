import { horizonMs } from '@posthaste/core';
import { ManualClock } from '@posthaste/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loweredReply, readMailWishes, wishExtensions } from './mail-wishes.ts';
import { NegativeReply } from './reply.ts';

const clock = new ManualClock();
const now = clock.now();
const at = (time: number) => new Date(time).toISOString();
const read = (args: Record<string, string | true>) => readMailWishes(args, clock);

it('tells in EHLO how long mail can be held', () => {
  expect(wishExtensions(Date.UTC(2031, 4, 1, 8, 0, 0, 500))).toEqual([
    'DELIVERBY',
    'FUTURERELEASE 31622400 2032-05-01T08:00:00Z',
    'MT-PRIORITY MIXER',
  ]);
});

describe('the parameters of MAIL', () => {
  it('ask for nothing where none of them is about that', () => {
    expect(read({ SIZE: '1000', BODY: '8BITMIME' })).toBeUndefined();
  });

  it.each([
    [{ 'MT-PRIORITY': '0' }, { wishes: {}, priority: 0 }],
    [{ 'MT-PRIORITY': '-9' }, { wishes: { lane: 'low' }, priority: -9 }],
    [{ 'MT-PRIORITY': '3' }, { wishes: { lane: 'high' }, priority: 3 }],
    [{ 'MT-PRIORITY': '9' }, { wishes: { lane: 'immediate' }, priority: 9 }],
    [{ BY: '120;R' }, { wishes: { deadline: now + 120_000, byAge: true } }],
    [{ BY: '+0000001;r' }, { wishes: { deadline: now + 1000, byAge: true } }],
    [{ BY: '999999999;R' }, { wishes: { deadline: now + 999_999_999_000, byAge: true } }],
    [{ HOLDFOR: '1' }, { wishes: { due: now + 1000 } }],
    [{ HOLDFOR: '31622400' }, { wishes: { due: now + horizonMs } }],
    [{ HOLDUNTIL: at(now + 5000) }, { wishes: { due: now + 5000 } }],
    [{ HOLDUNTIL: '1999-12-31T23:59:59+01:00' }, { wishes: { due: Date.UTC(1999, 11, 31, 22, 59, 59) } }],
    [
      { HOLDFOR: '10', BY: '11;R', 'MT-PRIORITY': '1' },
      { wishes: { lane: 'high', due: now + 10_000, deadline: now + 11_000, byAge: true }, priority: 1 },
    ],
  ] as [Record<string, string>, object][])('%j ask for %j', (args, asked) => {
    expect(read(args)).toEqual(asked);
  });

  it.each([
    [{ 'MT-PRIORITY': '10' }, 501, '5.5.2 MT-PRIORITY is "10"; expected a whole number from -9 to 9'],
    [{ 'MT-PRIORITY': true }, 501, '5.5.2 MT-PRIORITY is empty; expected a whole number from -9 to 9'],
    [{ BY: true }, 501, '5.5.4 BY is empty; expected seconds and a mode, such as 600;R'],
    [{ BY: '120' }, 501, '5.5.4 BY is "120"; expected seconds and a mode, such as 600;R'],
    [{ BY: '120;X' }, 501, '5.5.4 BY is "120;X"; expected seconds and a mode, such as 600;R'],
    [{ BY: '1234567890;R' }, 501, '5.5.4 BY is "1234567890;R"; expected seconds and a mode, such as 600;R'],
    [{ BY: '0;R' }, 501, '5.5.4 BY is "0;R"; expected more than 0 seconds with mode R'],
    [{ BY: '-5;R' }, 501, '5.5.4 BY is "-5;R"; expected more than 0 seconds with mode R'],
    [{ BY: '-5;N' }, 555, '5.3.3 BY with mode N asks for a notice of delay, which is not sent here; expected mode R, such as BY=600;R'],
    [{ BY: '5;RT' }, 555, '5.3.3 BY with T asks for a notice of relaying, which is not sent here; expected none, such as BY=600;R'],
    [{ HOLDFOR: '0' }, 501, '5.5.4 HOLDFOR is "0"; expected seconds, from 1 to 31622400'],
    [{ HOLDFOR: '1h' }, 501, '5.5.4 HOLDFOR is "1h"; expected seconds, from 1 to 31622400'],
    [{ HOLDFOR: '31622401' }, 501, '5.5.4 the mail would be held too long; expected at most 31622400 seconds'],
    [{ HOLDUNTIL: at(now + horizonMs + 1) }, 501, '5.5.4 the mail would be held too long; expected at most 31622400 seconds'],
    [{ HOLDUNTIL: 'noon' }, 501, '5.5.4 HOLDUNTIL is "noon"; expected a time as in RFC 3339, such as 2031-05-01T08:00:00Z'],
    [{ HOLDFOR: '5', HOLDUNTIL: at(now) }, 501, '5.5.4 HOLDFOR and HOLDUNTIL say the same in two ways; expected one of them'],
    [{ HOLDFOR: '5', BY: '5;R' }, 501, '5.5.4 BY ends before HOLDFOR or HOLDUNTIL lets the mail go; expected a later BY, or an earlier release'],
  ] as [Record<string, string | true>, number, string][])('%j are refused', (args, responseCode, message) => {
    expect(() => read(args)).toThrow(expect.objectContaining({ responseCode, message }));
  });

  it('of any value whatever are understood or refused, and nothing else', () => {
    const digits = fc.stringMatching(/^[-+]?\d{0,12}(;[NRT]{0,3})?$/);
    const value = fc.oneof(
      fc.constant(true as const),
      fc.string(),
      digits,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    const name = fc.constantFrom('MT-PRIORITY', 'BY', 'HOLDFOR', 'HOLDUNTIL', 'SIZE');
    fc.assert(
      fc.property(fc.dictionary(name, value), (args) => {
        try {
          const { due, deadline } = read(args)?.wishes ?? {};
          expect((due ?? now) - now).toBeLessThanOrEqual(horizonMs);
          expect(deadline ?? Infinity).toBeGreaterThan(Math.max(now, due ?? now));
        } catch (error) {
          expect(error).toBeInstanceOf(NegativeReply);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

it('tells a lowered priority, and only that', () => {
  expect(loweredReply(9, 'high')).toBe('2.3.6 4 is the new priority; lane high is the most urgent that you may use');
  expect(loweredReply(4, 'high')).toBeUndefined();
  expect(loweredReply(undefined, 'high')).toBeUndefined();
  expect(loweredReply(9, undefined)).toBeUndefined();
});
