import { loadConfig } from '@posthaste/config';
import { expect, test } from 'vitest';
import { apiSettings, knownHosts } from './config.ts';

const load = (corsOrigins: string) =>
  loadConfig(apiSettings, { argv: [], env: { POSTHASTE_API_CORS_ORIGINS: corsOrigins } }).values['api.corsOrigins'];

test.each(['*', 'https://app.example.com', 'http://localhost:3000', 'https://xn--bcher-kva.example', 'capacitor://localhost'])(
  'pages may be allowed to call from %s',
  (origin) => expect(load(origin)).toEqual([origin]),
);

test.each([
  ['app.example.com', 'https://app.example.com'],
  ['localhost:3000', 'https://app.example.com'],
  ['https://app.example.com/', 'https://app.example.com'],
  ['https://App.example.com:443', 'https://app.example.com'],
  ['https://*.example.com', 'https://app.example.com'],
])('%s, which no browser says in Origin, is refused', (origin, meant) => {
  expect(() => load(`https://other.example.com,${origin}`)).toThrow(`such as ${meant}, instead of '${origin}'`);
});

test.each([
  [[], '127.0.0.1', []],
  [[], '::1', []],
  [[], '0.0.0.0', ['*']],
  [['api.example.org'], '0.0.0.0', ['api.example.org']],
  [['*'], 'localhost', ['*']],
])('hosts %j on %s are %j', (listed, listen, known) => {
  expect(knownHosts(listed, listen)).toEqual(known);
});
