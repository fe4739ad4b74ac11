import fc from 'fast-check';
import { expectedTime } from '@posthaste/submission';
import { describe, expect, it } from 'vitest';
import { divideName, NameOptionFault, readNameOptions, wishesAt } from './name-options.ts';

it.each([
  ['app1', 'app1', undefined],
  ['app1+lane=high', 'app1', 'lane=high'],
  ['app1+lane=high;send-at=2031-05-01T08:00:00+02:00', 'app1', 'lane=high;send-at=2031-05-01T08:00:00+02:00'],
  ['a+b@example.org+lane=high', 'a+b@example.org', 'lane=high'],
  ['app1+lane', 'app1', 'lane'],
  ['app1+', 'app1', ''],
  ['a=b+tag.x=1', 'a=b', 'tag.x=1'],
])('%j is %j with %j', (name, bare, options) => {
  expect(divideName(name)).toEqual({ name: bare, options });
});

describe('options behind a user name', () => {
  it.each([
    ['lane=high', { wishes: { lane: 'high' } }],
    ['lane=IMMEDIATE;ttl=10m;tag=otp', { wishes: { lane: 'immediate', ttlMs: 600_000, tags: { tag: 'otp' } } }],
    ['tag.campaign=spring;tag.shop=a=b', { wishes: { tags: { campaign: 'spring', shop: 'a=b' } } }],
    ['delay=90s', { wishes: {}, delayMs: 90_000 }],
    ['send-at=2031-05-01T08:00:00Z', { wishes: { due: Date.UTC(2031, 4, 1, 8) } }],
    ['deadline=2031-05-01T08:00:00Z', { wishes: { deadline: Date.UTC(2031, 4, 1, 8) } }],
  ])('%s', (text, options) => {
    expect(readNameOptions(text)).toEqual(options);
  });

  it.each([
    ['', '"" in the user name; expected an option such as lane=high'],
    ['lane', '"lane" in the user name; expected an option such as lane=high'],
    ['lane=high;', '"" in the user name; expected an option such as lane=high'],
    ['lane=fast', 'lane in the user name is "fast"; expected one of immediate, high, normal, low'],
    ['lane=high;lane=high', 'lane is twice in the user name; expected each option once'],
    ['ttl=0s', 'ttl in the user name is "0s"; expected a duration above zero, such as 90s, 15m, 2h or 3d'],
    ['delay=soon', 'delay in the user name is "soon"; expected a duration above zero, such as 90s, 15m, 2h or 3d'],
    ['send-at=noon', `send-at in the user name is "noon"; expected ${expectedTime}`],
    ['ttl=1h;deadline=2031-05-01T08:00:00Z', 'ttl and deadline are both in the user name and say the same; expected one of them'],
    ['delay=1h;send-at=2031-05-01T08:00:00Z', 'delay and send-at are both in the user name and say the same; expected one of them'],
    ['colour=red', 'colour in the user name is not known; expected lane, ttl, deadline, delay, send-at, tag or tag.NAME'],
    ['Lane=high', 'Lane in the user name is not known; expected lane, ttl, deadline, delay, send-at, tag or tag.NAME'],
    ['tag=', 'tag in the user name is ""; expected 1 to 256 characters on one line'],
    ['tag.a b=1', 'tag.a b in the user name is not known; expected lane, ttl, deadline, delay, send-at, tag or tag.NAME'],
    ['tag=a;tag.tag=b', 'the tag tag is twice in the user name; expected each once'],
  ])('%j are refused', (text, sentence) => {
    expect(() => readNameOptions(text)).toThrow(expect.objectContaining({ message: sentence, constructor: NameOptionFault }));
  });

  it('delay each mail from its own beginning on', () => {
    expect(wishesAt(readNameOptions('delay=5s;lane=low'), 1000)).toEqual({ lane: 'low', due: 6000 });
    expect(wishesAt(readNameOptions('lane=low'), 1000)).toEqual({ lane: 'low' });
  });

  it('are understood or refused whatever they are, and a name never grows', () => {
    const word = fc.constantFrom(
      'lane',
      'ttl',
      'delay',
      'send-at',
      'deadline',
      'tag',
      'tag.x',
      'tag.__proto__',
      '=',
      ';',
      '+',
      'high',
      '10m',
      '2031-05-01T08:00:00Z',
    );
    const text = fc.array(fc.oneof(word, fc.string({ unit: 'binary', maxLength: 3 }))).map((words) => words.join(''));
    fc.assert(
      fc.property(text, (name) => {
        const { name: bare, options } = divideName(name);
        expect(options === undefined ? bare : `${bare}+${options}`).toBe(name);
        try {
          readNameOptions(options ?? name);
        } catch (error) {
          expect(error).toBeInstanceOf(NameOptionFault);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
