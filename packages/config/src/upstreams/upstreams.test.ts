import { expect, it } from 'vitest';
import { type Config, ConfigError, furtherLaneSettings, loadConfig, upstreamSettings } from '../index.ts';

function load(env: Record<string, string>, file = ''): Config<typeof upstreamSettings> {
  return loadConfig({ ...upstreamSettings, ...furtherLaneSettings }, { argv: ['--config=x.yaml'], env, readFile: () => file });
}

it('sends all to the inbox when nothing is set', () => {
  const { values } = load({});
  expect(values.upstreams['main']).toMatchObject({ host: '127.0.0.1', port: 1025, tls: { mode: 'opportunistic' }, login: undefined });
  expect(values.routes).toEqual([{ match: { kind: 'any' }, upstream: 'main' }]);
});

it('reads upstreams and routes from variables, in order', () => {
  const { values } = load({
    POSTHASTE_UPSTREAMS: 'zeta=smtp://a.example:25,bulk=smtps://u:p@b.example:465',
    POSTHASTE_ROUTES: 'domain:Example.NET=bulk,lane:low=bulk,tenant:shop=zeta,*=zeta',
  });
  expect(Object.keys(values.upstreams)).toEqual(['zeta', 'bulk']);
  expect(values.routes).toEqual([
    { match: { kind: 'domain', value: 'example.net' }, upstream: 'bulk' },
    { match: { kind: 'lane', value: 'low' }, upstream: 'bulk' },
    { match: { kind: 'tenant', value: 'shop' }, upstream: 'zeta' },
    { match: { kind: 'any' }, upstream: 'zeta' },
  ]);
});

it('reads the same from a file', () => {
  const config = load({}, 'upstreams:\n  first: smtp://u:geheim@a.example\n  bulk: smtp://b.example\nroutes:\n  - lane:low=bulk\n  - "*=first"\n');
  expect(config.values.routes.map((route) => route.upstream)).toEqual(['bulk', 'first']);
  expect(config.describe()).toContain('first=smtp://u:***@a.example:587?tls=required,bulk=smtp://b.example:25');
  expect(load({}, 'upstreams: {a: "smtp://a.example"}').values.routes).toEqual([{ match: { kind: 'any' }, upstream: 'a' }]);
});

it.each([
  [{ POSTHASTE_UPSTREAMS: 'main' }, 'a map: name=smtp://'],
  [{ POSTHASTE_UPSTREAMS: 'Main=smtp://a' }, "instead of 'Main'"],
  [{ POSTHASTE_UPSTREAMS: 'main=http://a' }, "upstreams.main (env POSTHASTE_UPSTREAMS): came 'http://a', expected smtp://"],
  [{ POSTHASTE_ROUTES: 'lane:Slow=main' }, "instead of 'lane:Slow=main'"],
  [{ POSTHASTE_ROUTES: 'lane:slow=main,*=main' }, "one of the lanes immediate, high, normal, low (did you mean low?) instead of 'lane:slow'"],
  [{ POSTHASTE_ROUTES: 'lane:low=other,*=main' }, "one of the upstreams main in 'lane:low=other'"],
  [{ POSTHASTE_ROUTES: 'lane:low=main' }, 'a last route for all other mail'],
])('refuses %j', (env, sentence) => {
  expect(() => load(env)).toThrow(ConfigError);
  expect(() => load(env)).toThrow(sentence);
});

it('does not quote a password in an error, not even one that breaks the URL', () => {
  const env = { POSTHASTE_UPSTREAMS: 'main=smtp://user:hun/ter2@b.example:99999,b=smtp://c:hunter3@d' };
  expect(() => load(env)).toThrow(ConfigError);
  expect(() => load(env)).toThrow(/^(?!.*(ter2|hunter3))/s);
});
