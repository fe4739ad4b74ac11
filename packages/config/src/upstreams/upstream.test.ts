import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, loadConfig, upstreamSettings } from '../index.ts';
import { deliveredUpstreams } from './settings.ts';
import type { Upstream } from './upstream.ts';

const settings = { ...upstreamSettings, upstreams: deliveredUpstreams };

function load(upstreams: string): Config<typeof settings> {
  return loadConfig(settings, { argv: [], env: { POSTHASTE_UPSTREAMS: upstreams } });
}

function loadFile(file: string): Config<typeof settings> {
  return loadConfig(settings, { argv: ['--config=x.yaml'], env: {}, readFile: () => file });
}

const read = (url: string): Upstream | undefined => load(`main=${url}`).values.upstreams['main'];
const shown = (url: string): string | undefined => load(`main=${url}`).list()[0]?.value.slice('main='.length);

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

it('fills in what a URL does not say', () => {
  expect(read('smtp://mx.example')).toEqual({
    preset: undefined,
    region: undefined,
    host: 'mx.example',
    port: 25,
    tls: { mode: 'opportunistic', verify: false, ca: undefined, minVersion: '1.2', servername: undefined },
    login: undefined,
    connections: 20,
    maxConnections: undefined,
    messagesPerConnection: undefined,
    idleTimeoutMs: 60_000,
    limits: {},
    adaptive: true,
    timeouts: { connectMs: 30_000, replyMs: 30_000, finalMs: 600_000 },
  });
});

it.each([
  ['smtp://mx.example', 25, 'opportunistic', false],
  ['smtp://u:p@mx.example', 587, 'required', true],
  ['smtp://u:p@mx.example:25', 25, 'required', true],
  ['smtps://mx.example', 465, 'implicit', true],
  ['smtp://mx.example:465', 465, 'implicit', true],
  ['smtp://u:p@127.0.0.1', 587, 'opportunistic', false],
  ['smtp://u:p@[::1]', 587, 'opportunistic', false],
  ['smtp://u:p@mail.localhost:25', 25, 'opportunistic', false],
  ['smtp://u:p@127.example.org', 587, 'required', true],
  ['smtp://u:p@mx.example?tls=opportunistic', 587, 'opportunistic', true],
  ['smtp://u:p@mx.example?tls=none', 587, 'none', false],
  ['smtp://u:p@mx.example?verify=false', 587, 'required', false],
])('speaks to %s at port %i with TLS %s, names checked: %s', (url, port, mode, verify) => {
  expect(read(url)).toMatchObject({ port, tls: { mode, verify } });
});

it('takes every key by a URL and by a file alike', () => {
  const query =
    'tls=required&verify=false&ca=/etc/ca.pem&minVersion=1.3&servername=mx.example&connections=3&maxConnections=9&messagesPerConnection=100' +
    '&perSecond=14&perMinute=500&perHour=10000&perDay=50000&concurrency=5&adaptive=false&idleTimeout=20s&connect=5s&reply=20s&final=5m';
  const file = `
upstreams:
  main:
    host: a.example
    port: 2587
    user: me@shop
    password: "p/w:"
    tls: {mode: required, verify: false, ca: /etc/ca.pem, minVersion: 1.3, servername: mx.example}
    connections: 3
    maxConnections: 9
    messagesPerConnection: 100
    limits: {perSecond: 14, perMinute: 500, perHour: 10000, perDay: 50000, concurrency: 5}
    adaptive: false
    idleTimeout: 20s
    timeouts: {connect: 5s, reply: 20s, final: 5m}
`;
  const byUrl = load(`main=smtp://me%40shop:p%2Fw%3A@a.example:2587?${query}`);
  const byFile = loadFile(file);
  expect(byFile.values).toEqual(byUrl.values);
  expect(byFile.list()[0]?.value).toBe(byUrl.list()[0]?.value);
  expect(byUrl.values.upstreams['main']).toMatchObject({
    port: 2587,
    maxConnections: 9,
    limits: { perDay: 50_000, concurrency: 5 },
    idleTimeoutMs: 20_000,
    timeouts: { finalMs: 300_000 },
  });
  const login = byFile.values.upstreams['main']?.login;
  expect(login?.kind === 'password' && login.password.kind === 'given' && login.password.secret.reveal()).toBe('p/w:');
});

it('takes short words: tls, timeout, limits', () => {
  expect(read('smtp://a.example?limits=14/s%2B5 at once&timeout=2s')).toMatchObject({
    limits: { perSecond: 14, concurrency: 5 },
    timeouts: { connectMs: 2_000, replyMs: 2_000, finalMs: 600_000 },
  });
  expect(loadFile('upstreams: {main: {host: a.example, tls: none, limits: 14/s+1000/d, timeouts: 2s}}').values.upstreams['main']).toMatchObject({
    tls: { mode: 'none' },
    limits: { perSecond: 14, perDay: 1_000 },
    timeouts: { connectMs: 2_000, replyMs: 2_000 },
  });
});

it('puts what is said over what a URL and a preset say', () => {
  const { upstreams } = loadFile(`
upstreams:
  a: {url: "smtp://u@a.example:2525?connections=4", passwordFile: /run/secrets/a}
  b: {preset: microsoft365, user: u, password: p, maxConnections: 2, limits: {perMinute: 10}}
`).values;
  expect(upstreams['a']).toMatchObject({ port: 2525, connections: 4, login: { user: 'u', password: { kind: 'file', path: '/run/secrets/a' } } });
  expect(upstreams['b']).toMatchObject({ host: 'smtp.office365.com', connections: 3, maxConnections: 2, limits: { perMinute: 10, perDay: 10_000 } });
});

it.each([
  ['preset://AKIA:pw@ses?region=eu-west-1', 'smtp://AKIA:***@email-smtp.eu-west-1.amazonaws.com:587?preset=ses&region=eu-west-1&tls=required'],
  ['preset://me%40gmail.com:pw@gmail', 'smtp://me%40gmail.com:***@smtp.gmail.com:587?preset=gmail&tls=required&connections=5&perDay=500'],
  ['preset://workspace-relay', 'smtp://smtp-relay.gmail.com:587?preset=workspace-relay&tls=required&perDay=10000'],
  [
    'preset://u:pw@microsoft365',
    'smtp://u:***@smtp.office365.com:587?preset=microsoft365&tls=required&connections=3&maxConnections=3&perMinute=30&perDay=10000',
  ],
  ['preset://:SG.x@sendgrid', 'smtp://apikey:***@smtp.sendgrid.net:587?preset=sendgrid&tls=required&messagesPerConnection=5000'],
  ['preset://u:pw@mailgun', 'smtp://u:***@smtp.mailgun.org:587?preset=mailgun&region=us&tls=required'],
  ['preset://u:pw@mailgun?region=eu', 'smtp://u:***@smtp.eu.mailgun.org:587?preset=mailgun&region=eu&tls=required'],
  ['preset://t:t@postmark', 'smtp://t:***@smtp.postmarkapp.com:587?preset=postmark&tls=required'],
  [
    'preset://resend?passwordFile=/run/secrets/resend',
    'smtps://resend@smtp.resend.com:465?preset=resend&passwordFile=/run/secrets/resend&perSecond=5',
  ],
])('shows what %s gives', (url, all) => {
  expect(shown(url)).toBe(all);
});

it('shows a URL that gives the same upstream again', () => {
  for (const url of [
    'smtp://[::1]:1025',
    'smtp://a.example?tls=none&connections=4&perDay=5&timeout=4s',
    'smtps://a.example?servername=b.example&adaptive=false',
  ])
    expect(read(shown(url) ?? '')).toEqual(read(url));
});

it('names every fault, where it is and what was meant', () => {
  const faults = faultsOf(() =>
    loadFile(`
upstreams:
  Main: smtp://a
  a: {host: a.example, conections: 3, port: 99999, tls: {mod: none, minVersion: 1.1}}
  b: {url: "smtp://b.example?timeout=5", limits: {perSecond: 0}, adaptive: perhaps}
  c: {preset: gmial}
  d: {user: u, host: d.example}
  e: {preset: ses}
  f: {url: "smtp://f.example", host: g.example}
  g: {host: g.example, region: eu}
  h: [1]
  i: smtp://i.example:99999
`),
  );
  expect(faults.map((fault) => fault.replace(' (file x.yaml)', ''))).toEqual([
    "upstreams: expected names of lower-case letters, digits, - and _, starting with a letter, instead of 'Main'",
    expect.stringMatching(/^upstreams\.a\.conections: there is no such key \(did you mean connections\?\); there are url, preset, /),
    "upstreams.a.port: came '99999', expected a whole number from 1 to 65535",
    'upstreams.a.tls.mod: there is no such key (did you mean tls.mode?); there are tls.mode, tls.verify, tls.ca, tls.minVersion, tls.servername',
    "upstreams.a.tls.minVersion: came '1.1', expected one of 1.2, 1.3",
    expect.stringContaining("upstreams.b.timeouts.connect: came '5', expected a duration"),
    expect.stringContaining("upstreams.b.timeouts.reply: came '5', expected a duration"),
    expect.stringContaining("upstreams.b.limits.perSecond: came '0', expected a whole number from 1"),
    "upstreams.b.adaptive: came 'perhaps', expected one of true, false",
    expect.stringContaining("upstreams.c.preset: came 'gmial', expected one of ses, gmail"),
    'upstreams.d.password: missing: there is a user; give password or passwordFile, or for OAuth tokenFile or the keys of oauth',
    'upstreams.e.region: the preset ses needs a region, such as preset://user:password@ses?region=eu-west-1 or in a file region: eu-west-1, or a host',
    'upstreams.f.host: given twice; keep one',
    'upstreams.g.region: only a preset has regions',
    'upstreams.h: expected a URL, or a mapping of keys such as host, user, tls',
    "upstreams.i.port: came '99999', expected a whole number from 1 to 65535",
  ]);
});

it.each([
  'upstreams: {a: {host: a.example, user: u, password: hunter2, prot: 1}}',
  'upstreams: {a: {host: a.example, user: u, password: "hunter2\\n"}}',
  'upstreams: {a: {host: a.example, user: u, password: {hunter2: 1}}}',
  'upstreams: {a: "smtp://u:hunter2@a.example:x"}',
  'upstreams: {a: "http://u:hunter2@a.example"}',
  'upstreams: {a: "smtp://u@a.example?password=hunter2"}',
  'upstreams: {a: "smpt://u@a.example?password=hunter2"}',
  'upstreams: {a: "smtp://u:hunter2@a.example?tls=perhaps"}',
  'upstreams: [{host: a.example, password: hunter2}]',
  'upstreams: "a:hunter2"',
  'upstreams: {a: {host: a.example, user: u, oauth: {tokenUrl: "https://c:hunter2@id.example", clientId: c, refreshTokenFile: /r}}}',
])('quotes no password in a fault of %s', (file) => {
  const faults = faultsOf(() => loadFile(file)).join('\n');
  expect(faults).toContain('upstreams');
  expect(faults).not.toContain('hunter2');
});

it('keeps passwords from the programs that have no use for them', () => {
  const { upstreams } = loadConfig(upstreamSettings, { argv: [], env: { POSTHASTE_UPSTREAMS: 'a=smtp://u:hunter2@a.example' } }).values;
  const login = upstreams['a']?.login;
  expect(() => login?.kind === 'password' && login.password.kind === 'given' && login.password.secret.reveal()).toThrow('only the sender');
});

describe('a login by OAuth', () => {
  const client = 'oauth: {tokenUrl: "https://id.example/token", clientId: c-1, clientSecretFile: /run/s, refreshTokenFile: /run/r}';

  it('takes a token from a file, or a client that fetches tokens, by a URL and by a file alike, and shows both', () => {
    expect(read('smtp://me@a.example?tokenFile=/run/token')).toMatchObject({ port: 587, login: { kind: 'token', user: 'me', path: '/run/token' } });
    const byFile = loadFile(`upstreams: {main: {host: a.example, user: me, ${client}}}`);
    const query = 'tokenUrl=https://id.example/token&clientId=c-1&clientSecretFile=/run/s&refreshTokenFile=/run/r';
    expect(byFile.values).toEqual(load(`main=smtp://me@a.example?${query}`).values);
    expect(byFile.list()[0]?.value).toContain(`main=smtp://me@a.example:587?${query}`);
    expect(load('main=smtp://me@a.example?tokenFile=/run/token').list()[0]?.value).toContain('main=smtp://me@a.example:587?tokenFile=/run/token');
  });

  it('knows where the tokens of two providers come from, and wants the rest', () => {
    expect(read('preset://me@gmail?clientId=c&refreshTokenFile=/r')).toMatchObject({
      login: { kind: 'refresh', client: { tokenUrl: 'https://oauth2.googleapis.com/token', secretPath: undefined } },
    });
    expect(read('preset://me@microsoft365?tokenFile=/t')).toMatchObject({ login: { kind: 'token' } });
    expect(read('preset://me:app-password@gmail')).toMatchObject({ login: { kind: 'password' } });
  });

  it.each([
    ['smtp://me:secret@a.example?tokenFile=/t', 'upstreams.main.tokenFile (env POSTHASTE_UPSTREAMS): given beside a password; keep one'],
    ['smtp://me@a.example?tokenFile=/t&passwordFile=/p', 'given beside passwordFile; keep one'],
    ['smtp://a.example?tokenFile=/t', 'main.user (env POSTHASTE_UPSTREAMS): missing: there is a token'],
    ['smtp://me@a.example?clientId=c', 'main.oauth.refreshTokenFile (env POSTHASTE_UPSTREAMS): missing'],
    ['smtp://me@a.example?tokenUrl=http://id.example/token&clientId=c&refreshTokenFile=/r', 'expected an https:// URL'],
    ...['https://c:hunter2@id.example', 'https://c:hun ter2@id.example', 'https://hunter2@id.example', 'http://localhost:hunter2@id.example'].map(
      (tokenUrl) => [`smtp://me@a.example?tokenUrl=${tokenUrl}&clientId=c&refreshTokenFile=/r`, 'came ***, expected an https:// URL'],
    ),
    ['smtp://me@a.example', 'or for OAuth tokenFile or the keys of oauth'],
  ])('refuses %s', (url, sentence) => {
    expect(() => load(`main=${url}`)).toThrow(sentence);
  });
});
