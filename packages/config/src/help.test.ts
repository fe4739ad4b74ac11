import { expect, test } from 'vitest';
import { helpFor, helpWithFiles } from './help.ts';
import { holdsSettings, type InForce } from './in-force.ts';
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

test('--settings-in-force tells what would run, and why it would not', () => {
  const told = JSON.parse(helpFor(['--settings-in-force'], schema, { POSTHASTE_RELAY_PASSWORD: 'x' }) ?? '');
  expect(told).toEqual({
    settings: [
      { key: 'relay.idleTimeout', value: '1m', source: 'default' },
      { key: 'relay.password', value: '***', source: 'env POSTHASTE_RELAY_PASSWORD' },
    ],
    faults: [],
  });
  const faulty = JSON.parse(helpFor(['--settings-in-force'], schema, { POSTHASTE_RELAY_IDLE_TIMEOUT: '5' }) ?? '') as InForce;
  expect(faulty.faults).toEqual([expect.stringContaining("relay.idleTimeout (env POSTHASTE_RELAY_IDLE_TIMEOUT): came '5', expected a duration")]);
});

test('a variable of ours that is no setting is none', () => {
  expect(holdsSettings({ POSTHASTE_ENDPOINT: 'http://x', PATH: '/bin', POSTHASTE_LOG_LEVEL: '' })).toBe(false);
  expect(holdsSettings({ POSTHASTE_LOG_LEVEL: 'debug' })).toBe(true);
});

test('a program that needs files says what is wrong with them beside its settings, which are shown all the same', async () => {
  const ask = async (argv: readonly string[], env = {}) => helpWithFiles(argv, schema, async () => ['relay.users: there is none'], env);
  expect(JSON.parse((await ask(['--settings-in-force'])) ?? '')).toMatchObject({
    settings: [expect.anything(), expect.anything()],
    faults: [],
    fileFaults: ['relay.users: there is none'],
  });
  expect(JSON.parse((await ask(['--settings-in-force'], { POSTHASTE_RELAY_IDLE_TIMEOUT: '5' })) ?? '')).not.toHaveProperty('fileFaults');
  expect(await ask([])).toBeUndefined();
});
