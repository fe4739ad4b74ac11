import { expect, test } from 'vitest';
import { helpFor } from './describe.ts';
import { setting } from './setting.ts';

const schema = {
  'relay.idleTimeout': setting.duration({ default: '60s', doc: 'How long nothing may happen.' }),
  'relay.password': setting.string({ secret: true, optional: true, doc: 'A secret.' }),
};

test('--help=json tells each setting with its variable, kind and default', () => {
  expect(JSON.parse(helpFor(['--help=json'], schema) ?? '')).toEqual([
    {
      key: 'relay.idleTimeout',
      variable: 'POSTHASTE_RELAY_IDLE_TIMEOUT',
      kind: 'duration',
      default: '1m',
      secret: false,
      doc: 'How long nothing may happen.',
    },
    { key: 'relay.password', variable: 'POSTHASTE_RELAY_PASSWORD', kind: 'text', secret: true, doc: 'A secret.' },
  ]);
});

test('a program that nobody asks for help gets none', () => {
  expect(helpFor(['--relay.idleTimeout=5s'], schema)).toBeUndefined();
  expect(helpFor(['--help'], schema)).toContain('POSTHASTE_RELAY_IDLE_TIMEOUT');
});
