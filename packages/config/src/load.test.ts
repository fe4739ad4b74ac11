import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, loadConfig, setting, sharedSettings } from './index.ts';

const schema = {
  ...sharedSettings,
  'relay.listen': setting.address({ default: '127.0.0.1:2525', doc: 'Where SMTP is accepted.' }),
  'relay.maxSize': setting.size({ default: '25MiB', doc: 'The largest mail.' }),
  'relay.idleTimeout': setting.duration({ default: '60s', doc: 'How long a client may be silent.' }),
  'relay.strict': setting.bool({ default: false, doc: 'Refuses what is merely odd.' }),
  'relay.banner': setting.string({ optional: true, doc: 'Text of the greeting.' }),
  'relay.password': setting.string({ optional: true, secret: true, doc: 'For the door.' }),
  'relay.maxRecipients': setting.int({ default: 100, min: 1, max: 1000, doc: 'Recipients of one mail.' }),
};

function load(from: { argv?: string[]; env?: Record<string, string>; file?: string; files?: Record<string, string> }): Config<typeof schema> {
  const env = { ...from.env, ...(from.file === undefined ? {} : { POSTHASTE_CONFIG: '/etc/posthaste.yaml' }) };
  const files: Record<string, string> = { ...from.files, ...(from.file === undefined ? {} : { '/etc/posthaste.yaml': from.file }) };
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  return loadConfig(schema, { argv: from.argv ?? [], env, readFile });
}

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('gives typed defaults in base units', () => {
    const { values } = load({});
    expect(values['relay.listen']).toEqual({ host: '127.0.0.1', port: 2525 });
    expect(values['relay.maxSize']).toBe(25 * 1024 * 1024);
    expect(values['relay.idleTimeout']).toBe(60_000);
    expect(values['relay.banner']).toBeUndefined();
    const durability: 'durable' | 'fast' = values['storage.durability'];
    expect(durability).toBe('durable');
  });

  it('lets a file win over defaults, the environment over the file and a flag over all', () => {
    const file = 'relay:\n  idleTimeout: 1s\n  maxSize: 1MiB\n  strict: true\n  maxRecipients: 7\n';
    const env = { POSTHASTE_RELAY_IDLE_TIMEOUT: '2s', POSTHASTE_RELAY_MAX_SIZE: '2MiB' };
    const { values, sources } = load({ file, env, argv: ['--relay.idleTimeout=3s'] });
    expect(values['relay.idleTimeout']).toBe(3_000);
    expect(values['relay.maxSize']).toBe(2 * 1024 * 1024);
    expect(values['relay.strict']).toBe(true);
    expect(values['relay.maxRecipients']).toBe(7);
    expect(sources['relay.maxSize']).toEqual({ kind: 'env', variable: 'POSTHASTE_RELAY_MAX_SIZE' });
    expect(sources['relay.listen']).toEqual({ kind: 'default' });
  });

  it('takes --config before POSTHASTE_CONFIG, and dots written out in the file', () => {
    const files = { '/other.yaml': 'relay.banner: hello\n' };
    expect(load({ file: 'relay: {banner: hi}', files, argv: ['--config', '/other.yaml'] }).values['relay.banner']).toBe('hello');
  });

  it('takes a flag with its value behind it and a bare flag as true', () => {
    const { values } = load({ argv: ['--relay.strict', '--relay.listen', '[::1]:0'] });
    expect(values['relay.strict']).toBe(true);
    expect(values['relay.listen']).toEqual({ host: '::1', port: 0 });
  });

  it('knows a shorter flag for a key, and tells which flag was wrong', () => {
    const load = (flag: string) => loadConfig(schema, { argv: [flag], env: {}, aliases: { 'max-size': 'relay.maxSize' } });
    expect(load('--max-size=1KiB').values['relay.maxSize']).toBe(1024);
    expect(faultsOf(() => load('--max-size=1'))[0]).toContain("relay.maxSize (flag --max-size): came '1'");
    expect(faultsOf(() => load('--mx-size=1'))).toEqual(['unknown flag --mx-size (did you mean --max-size?)']);
  });

  it('names all faults at once: where, what came, what was expected', () => {
    const faults = faultsOf(() =>
      load({
        file: 'relay:\n  maxSize: big\n',
        env: { POSTHASTE_RELAY_MAX_RECIPIENTS: '0' },
        argv: ['--relay.idleTimeout=30', '--relay.listen=nowhere'],
      }),
    );
    expect(faults).toEqual([
      "relay.listen (flag --relay.listen): came 'nowhere', expected an address such as 127.0.0.1:2525 or [::1]:2525",
      "relay.maxSize (file /etc/posthaste.yaml): came 'big', expected a size such as 512KiB, 25MiB, 1GB or 100B",
      "relay.idleTimeout (flag --relay.idleTimeout): came '30', expected a duration such as 250ms, 30s, 5m, 1h or 7d",
      "relay.maxRecipients (env POSTHASTE_RELAY_MAX_RECIPIENTS): came '0', expected a whole number of at least 1 and at most 1000",
    ]);
  });

  it('refuses a duration below its least', () => {
    const schema = { 'relay.lease': setting.duration({ default: '15s', min: '7s', doc: 'A lease.' }) };
    expect(faultsOf(() => loadConfig(schema, { argv: ['--relay.lease=5s'], env: {} }))).toEqual([
      "relay.lease (flag --relay.lease): came '5s', expected a duration of at least 7s",
    ]);
  });

  it('suggests what an unknown key, variable, flag or section may have meant', () => {
    const faults = faultsOf(() =>
      load({ file: 'relay:\n  maxSise: 1MiB\nrelya:\n  listen: x\n', env: { POSTHASTE_RELAY_LISTN: 'x' }, argv: ['--relay.lisen=x'] }),
    );
    expect(faults).toHaveLength(4);
    expect(faults[0]).toContain('unknown setting relay.maxSise (did you mean relay.maxSize?)');
    expect(faults[1]).toContain('unknown section relya, in relya.listen (did you mean relay?)');
    expect(faults[2]).toBe('unknown variable POSTHASTE_RELAY_LISTN (did you mean POSTHASTE_RELAY_LISTEN?)');
    expect(faults[3]).toBe('unknown flag --relay.lisen (did you mean --relay.listen?)');
  });

  it("passes over other programs' sections and the well-known variables", () => {
    const file = 'sender:\n  anything: 1\nupstreams:\n  main: smtp://127.0.0.1:1025\nlimits:\n';
    const env = { POSTHASTE_API_LISTEN: 'x', POSTHASTE_UPSTREAMS: 'x', POSTHASTE_NATS_SERVER: '/bin/x', POSTHASTE_TOKEN: 't', HOME: '/' };
    expect(faultsOf(() => load({ file, env }))).toEqual([]);
    expect(faultsOf(() => load({ env: { POSTHASTE_COLOUR: 'x' } }))).toEqual(['unknown variable POSTHASTE_COLOUR']);
  });

  it('passes over shared settings that it does not use', () => {
    const schema = { 'log.level': sharedSettings['log.level'] };
    const env = { POSTHASTE_LOG_ADDRESSES: 'hashed', POSTHASTE_NATS_URL: 'x', POSTHASTE_CONFIG: 'x.yaml' };
    const load = (text: string) => loadConfig(schema, { argv: [], env, readFile: () => text });
    expect(faultsOf(() => load('log: {addresses: hashed}'))).toEqual([]);
    expect(faultsOf(() => load('log: {adresses: hashed}'))).toEqual(['x.yaml: unknown setting log.adresses']);
  });

  it('shares a section with other programs, and still finds a slip in it', () => {
    const schema = { 'limits.inline': setting.size({ default: '512KiB', doc: 'Above it in chunks.' }) };
    const load = (env: Record<string, string>) => loadConfig(schema, { argv: [], env });
    expect(load({ POSTHASTE_LIMITS_TICKETS: '5', POSTHASTE_LIMITS_INLINE: '1KiB' }).values['limits.inline']).toBe(1024);
    expect(faultsOf(() => load({ POSTHASTE_LIMITS_INLIN: '1KiB' }))).toEqual([
      'unknown variable POSTHASTE_LIMITS_INLIN (did you mean POSTHASTE_LIMITS_INLINE?)',
    ]);
    expect(() => loadConfig({ 'limits.new': schema['limits.inline'] }, { argv: [], env: {} })).toThrow('add it to sharedKeys');
  });

  it('leaves unknown keys of sections that are not its own to others, when told which are', () => {
    const env = { POSTHASTE_RELAY_OTHER: 'x', POSTHASTE_LOG_OTHER: 'x' };
    const load = () => loadConfig(schema, { argv: [], env, ownSections: ['log'] });
    expect(faultsOf(load)).toEqual(['unknown variable POSTHASTE_LOG_OTHER']);
  });

  it('says what is wrong with a file that is missing or no YAML', () => {
    expect(faultsOf(() => load({ argv: ['--config=/none'] }))).toEqual(['the configuration file /none cannot be read: no such file']);
    expect(faultsOf(() => load({ file: 'relay: [1' }))[0]).toContain('/etc/posthaste.yaml: ');
    expect(faultsOf(() => load({ file: '- a' }))).toEqual(['/etc/posthaste.yaml: expected a mapping of sections at the top, such as "relay:"']);
  });

  it('demands what has no default', () => {
    const strict = { 'api.name': setting.string({ doc: 'Its name.' }) };
    expect(faultsOf(() => loadConfig(strict, { argv: [], env: {} }))).toEqual(['api.name: missing; Its name. Expected text.']);
  });

  it('reads a secret from the file that a _FILE variable names, without its line end', () => {
    const files = { '/run/secrets/door': 'open sesame\n' };
    const config = load({ files, env: { POSTHASTE_RELAY_PASSWORD_FILE: '/run/secrets/door' } });
    expect(config.values['relay.password']).toBe('open sesame');
    expect(config.describe()).not.toContain('sesame');
    const both = { POSTHASTE_RELAY_PASSWORD_FILE: '/run/secrets/door', POSTHASTE_RELAY_PASSWORD: 'x' };
    expect(faultsOf(() => load({ files, env: both }))[0]).toContain('given twice');
    expect(faultsOf(() => load({ env: { POSTHASTE_RELAY_PASSWORD_FILE: '/gone' } }))[0]).toContain('cannot be read');
  });
});

describe('Config.describe', () => {
  it('shows each value with its source and hides passwords', () => {
    const env = { POSTHASTE_NATS_URL: 'nats://admin:hunter2@127.0.0.1:4222', POSTHASTE_RELAY_PASSWORD: 'hunter3' };
    const text = load({ env, file: 'relay:\n  idleTimeout: 90s\n' }).describe();
    expect(text).toMatch(/^nats\.url +nats:\/\/admin:\*\*\*@127\.0\.0\.1:4222 +\(env POSTHASTE_NATS_URL\)$/m);
    expect(text).toMatch(/^relay\.maxSize +25MiB +\(default\)$/m);
    expect(text).toMatch(/^relay\.idleTimeout +90s +\(file \/etc\/posthaste\.yaml\)$/m);
    expect(text).toMatch(/^relay\.password +\*\*\* /m);
    expect(text).toMatch(/^relay\.banner +not set +\(default\)$/m);
    expect(text).not.toContain('hunter');
  });
});
