import { expect, it } from 'vitest';
import { parseScript, ScriptError } from './parse-script.ts';

function faultsOf(value: unknown): readonly string[] {
  try {
    parseScript(value);
    return [];
  } catch (error) {
    if (error instanceof ScriptError) return error.faults.map((fault) => fault.sentence);
    throw error;
  }
}

it('takes a script that uses every field', () => {
  const script = {
    rules: [
      { at: 'rcpt', recipient: '*@slow.example', sender: 'a@*', times: 2, delayMs: 5, reply: '451 4.7.1 Later' },
      { at: 'data', reply: '354 Go' },
      { at: 'final', drop: true },
      { at: 'mail' },
    ],
    keywords: ['PIPELINING', 'AUTH PLAIN LOGIN'],
    maxBytes: 1000,
  };
  expect(parseScript(script)).toBe(script);
  expect(parseScript({})).toEqual({});
});

it('names all faults at once, each with what came and what was expected', () => {
  expect(faultsOf({ rules: [{ at: 'dta', times: 0 }, 7, { reply: 'no' }], keyword: [] })).toEqual([
    'script.keyword is unknown: expected one of rules, keywords, maxBytes',
    'rules[0].at is "dta": expected one of greeting, ehlo, starttls, auth, mail, rcpt, data, body, final',
    'rules[0].times is 0: expected a whole number from 1',
    'rules[1] is 7: expected an object with at, recipient, sender, times, delayMs, reply, drop',
    'rules[2].reply is "no": expected a code from 200 to 599 and a text, e.g. "451 4.7.1 Try again later"',
    'rules[2].at is missing: expected one of greeting, ehlo, starttls, auth, mail, rcpt, data, body, final',
  ]);
});

it.each([
  [{ at: 'final', reply: '450 no', drop: true }, 'rules[0] has reply and drop: expected one of them'],
  [{ at: 'body', reply: '450 no' }, 'rules[0].reply cannot be given at body: no reply is due there; use final'],
  [{ at: 'data', reply: '250 yes' }, 'rules[0].reply is "250 yes": a positive reply at data starts with 354'],
  [{ at: 'final', reply: '354 yes' }, 'rules[0].reply is "354 yes": a positive reply at final starts with 2'],
  [{ at: 'mail', recipient: 'a@b.c' }, 'rules[0].recipient is not known at mail yet: use rcpt or later'],
  [{ at: 'greeting', sender: 'a@b.c' }, 'rules[0].sender is not known at greeting yet: use mail or later'],
])('refuses %j', (rule, fault) => {
  expect(faultsOf({ rules: [rule] })).toEqual([fault]);
});

it.each([null, 'text', [], 7])('refuses %j as a whole', (value) => {
  expect(faultsOf(value)[0]).toContain('expected an object with rules, keywords, maxBytes');
});

it('says where each fault is', () => {
  const rules = [{ at: 'final', reply: '250 2.0.0 Ok', drop: true }, 7, { at: 'mail', times: 0 }];
  const places = [['maxBytes'], ['rules', 0, 'drop'], ['rules', 1], ['rules', 2, 'times']];
  expect(() => parseScript({ rules, maxBytes: 0 })).toThrow(
    expect.objectContaining({ faults: places.map((path) => expect.objectContaining({ path }) as unknown) }),
  );
});
