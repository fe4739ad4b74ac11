import { describe, expect, it, vi } from 'vitest';
import { defineCommand } from './command.ts';
import { option } from './option.ts';
import { parseCall } from './parse.ts';

const command = defineCommand({
  summary: 'a command',
  operands: [
    { name: 'id', how: 'one', doc: 'an id' },
    { name: 'shell', how: 'optional', doc: 'a shell', choices: ['bash', 'zsh'] },
  ],
  options: {
    output: option.choice(['table', 'json'], { short: 'o', doc: '' }),
    lane: option.choices(['high', 'low'], { doc: '' }),
    to: option.texts({ value: 'ADDRESS', doc: '' }),
    tag: option.pairs({ value: 'NAME=VALUE', doc: '' }),
    header: option.pairs({ value: 'NAME:VALUE', divider: ':', doc: '' }),
    limit: option.int({ value: 'N', min: 1, max: 10, doc: '' }),
    ttl: option.duration({ doc: '' }),
    every: option.duration({ within: { leastMs: 100, mostMs: 60_000, words: '100ms to 1m' }, doc: '' }),
    at: option.timeAhead({ doc: '' }),
    since: option.timeAgo({ doc: '' }),
    wait: option.choice(['accepted', 'delivered'], { bare: 'delivered', doc: '' }),
    all: option.flag({ short: 'a', doc: '' }),
  },
  examples: [],
  run: () => Promise.resolve(0),
});

const now = new Date('2031-01-01T00:00:00Z');
const parse = (line: string) => parseCall(command, line.split(' '), now);

describe('parseCall', () => {
  it('reads flags before, between and after the operands, short ones too', () => {
    expect(parse('-o json a1 --to=x --to y -a bash')).toMatchObject({
      operands: ['a1', 'bash'],
      options: { output: 'json', to: ['x', 'y'], all: true },
    });
    expect(parse('a1 -- bash')).toMatchObject({ operands: ['a1', 'bash'] });
    expect(parse('-aojson a1')).toMatchObject({ options: { output: 'json', all: true } });
  });

  it('turns texts into values', () => {
    const { options } = parse('a1 --lane high --lane low --tag a=b=c --tag d= --header X-A:b:c --limit 10 --ttl 15m --every 1m');
    expect(options).toMatchObject({
      lane: ['high', 'low'],
      tag: { a: 'b=c', d: '' },
      header: { 'X-A': 'b:c' },
      limit: 10,
      ttl: 900_000,
      every: 60_000,
    });
    expect(parse('a1').options).toMatchObject({ output: undefined, lane: [], to: [], tag: {}, limit: undefined, all: false, quiet: false });
  });

  it('reads times as such, and as distances in the direction that is meant', () => {
    expect(parse('a1 --at 2h --since 1d').options).toMatchObject({ at: new Date('2031-01-01T02:00:00Z'), since: new Date('2030-12-31T00:00:00Z') });
    expect(parse('a1 --at 2031-05-01T08:00:00+02:00').options.at).toEqual(new Date('2031-05-01T06:00:00Z'));
  });

  it('takes the value of a flag that may stand alone after = only', () => {
    expect(parse('a1 --wait bash')).toMatchObject({ operands: ['a1', 'bash'], options: { wait: 'delivered' } });
    expect(parse('a1 --wait=accepted').options.wait).toBe('accepted');
  });

  it.each([
    ['--limt 3 a1', 'unknown flag --limt (did you mean --limit?)'],
    ['a1 --limit 11', "--limit: came '11', expected a whole number from 1 to 10"],
    ['a1 --limit 1e1', "--limit: came '1e1', expected a whole number from 1 to 10"],
    ['a1 -o xml', "--output: came 'xml', expected one of table, json"],
    ['a1 -o json -o json', '--output is given twice, json and json; keep one'],
    ['a1 --to', '--to needs a value: --to ADDRESS'],
    ['a1 --all=yes', "--all takes no value, came 'yes'"],
    ['a1 --tag b', "--tag: came 'b', expected NAME=VALUE"],
    ['a1 --tag b=1 --tag b=2', '--tag: b is given twice; keep one'],
    ['a1 --at tomorrow', "--at: came 'tomorrow', expected a time such as 2031-05-01T08:00:00Z, or 2h for two hours from now"],
    ['a1 --ttl 5', "--ttl: came '5', expected a duration such as"],
    ['a1 --every 0s', "--every: came '0s', expected 100ms to 1m"],
    ['a1 --every 61s', "--every: came '61s', expected 100ms to 1m"],
    ['a1 --every 1', "--every: came '1', expected a duration such as"],
    ['a1 bash c', "'c' is too much: one at a time"],
    ['a1 bahs', "<shell>: came 'bahs' (did you mean bash?), expected bash, zsh"],
    ['-a', '<id> is missing: an id'],
  ])('refuses %s', (line, sentence) => {
    expect(() => parse(line)).toThrow(sentence);
  });

  it.each([
    ['2026-12-24T18:00:00+01:00', '2026-12-24T17:00:00.000Z'],
    ['2026-12-24T18:00:00[Asia/Kolkata]', '2026-12-24T12:30:00.000Z'],
    ['2026-12-24T18:00', '2026-12-24T17:00:00.000Z'],
    ['2026-06-24', '2026-06-23T22:00:00.000Z'],
    ['2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
  ])('reads the time %s in Berlin', (text, instant) => {
    vi.stubEnv('TZ', 'Europe/Berlin');
    expect((parse(`a1 --at ${text}`).options.at as Date).toISOString()).toBe(instant);
    vi.unstubAllEnvs();
  });

  it('asks for no operand of who asks for help', () => {
    expect(parse('--help').options.help).toBe(true);
  });
});
