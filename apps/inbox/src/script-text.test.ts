import { expect, it } from 'vitest';
import { readScript } from './script-text.ts';

it('reads JSON and YAML alike', () => {
  const script = { rules: [{ at: 'rcpt', reply: '451 4.7.1 Later' }] };
  expect(readScript(JSON.stringify(script))).toEqual({ kind: 'script', script });
  expect(readScript('rules:\n  - at: rcpt # every one\n    reply: 451 4.7.1 Later\n')).toEqual({ kind: 'script', script });
  expect(readScript('\n')).toEqual({ kind: 'script', script: {} });
});

it('says in which line each fault is, in their order', () => {
  const text = '{\n  "rules": [\n    {"at": "mail"},\n    {\n      "at": "nowhere"\n    },\n    7,\n    {"times": 1}\n  ],\n  "maxBytes": 0\n}';
  const read = readScript(text);
  expect(read.kind === 'faulty' && read.faults.map(({ line, sentence }) => `${line} ${sentence.split(':', 1).join()}`)).toEqual([
    '5 rules[1].at is "nowhere"',
    '7 rules[2] is 7',
    '8 rules[3].at is missing',
    '10 script.maxBytes is 0',
  ]);
});

it('says where the text cannot be read', () => {
  expect(readScript('{\n"rules": [\n')).toMatchObject({ kind: 'faulty', faults: [{ line: 3 }] });
});

it('takes no text that grows beyond all bounds', () => {
  const lines = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'
      .split('')
      .map((name, at) => `${name}: &${name} [${'*abcdefgh'.slice(at + 1, at + 2) && Array(10).fill(`*${'abcdefgh'[at]}`).join(',')}]`),
  ];
  expect(readScript(lines.join('\n'))).toMatchObject({ kind: 'faulty' });
});
