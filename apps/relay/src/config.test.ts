import { loadConfig } from '@posthaste/config';
import { describe, expect, it } from 'vitest';
import { relaySettings } from './config.ts';

const load = (...argv: string[]) => loadConfig(relaySettings, { argv, env: {} }).values;

describe('the settings', () => {
  it.each(['127.0.0.1:25', '127.8.9.1:25', '[::1]:25', 'localhost:25'])('listens on %s', (address) => {
    expect(load(`--relay.listen=${address}`)['relay.listen'].port).toBe(25);
  });

  describe.each(['0.0.0.0:25', '[::]:25', '192.168.1.1:25', 'example.org:25', '127.example.org:25'])('beyond loopback, on %s,', (address) => {
    const listen = `--relay.listen=${address}`;
    const tls = ['--relay.tlsCert=cert', '--relay.tlsKey=key'];

    it.each([[[]], [tls], [['--relay.trustedNetworks=none']]])('does not listen with %j', (flags) => {
      expect(() => load(listen, ...flags)).toThrow(
        /relay\.listen \(flag.*\): expected a loopback address, or relay\.users .* or relay\.trustedNetworks/,
      );
    });

    it.each([
      [[...tls, '--relay.users=users']],
      [['--relay.users=users', '--relay.authWithoutTls=10.0.0.0/8']],
      [['--relay.users=users', '--relay.trustedNetworks=10.0.0.0/8']],
      [['--relay.trustedNetworks=127.0.0.0/8,fd00::/8']],
    ])('listens with %j', (flags) => {
      expect(load(listen, ...flags)['relay.listen'].port).toBe(25);
    });

    it('wants TLS with users, because nobody could log in without', () => {
      expect(() => load(listen, '--relay.users=users')).toThrow(/relay\.users \(flag.*\): expected relay\.tlsCert and relay\.tlsKey with it/);
    });
  });

  it('wants a certificate for TLS from the first byte, and a key with a certificate', () => {
    expect(() => load('--relay.listenTls=127.0.0.1:465')).toThrow(/relay\.listenTls .*expected relay\.tlsCert and relay\.tlsKey/);
    expect(() => load('--relay.tlsCert=cert')).toThrow(/relay\.tlsCert .*expected relay\.tlsKey with it/);
    expect(() => load('--relay.tlsKey=key')).toThrow(/relay\.tlsKey .*expected relay\.tlsCert with it/);
    const flags = ['--relay.tlsCert=cert', '--relay.tlsKey=key', '--relay.listenTls=0.0.0.0:465'];
    expect(() => load(...flags)).toThrow(/relay\.listenTls .*expected .*relay\.users/);
    expect(load(...flags, '--relay.users=users')['relay.listenTls']).toEqual({ host: '0.0.0.0', port: 465 });
  });

  it.each([
    ['--relay.trustedNetworks=10.0.0.0/40', /networks such as/],
    ['--relay.authWithoutTls=somewhere', /networks such as/],
    ['--relay.tenant=a b', /1 to 64 letters/],
    ['--relay.lane=fast', /one of immediate, high, normal, low/],
    ['--relay.tags=a b=c', /at most 32 tags/],
    ['--relay.tlsMinVersion=TLSv1', /one of TLSv1\.2, TLSv1\.3/],
  ])('refuses %s', (flag, sentence) => {
    expect(() => load(flag)).toThrow(sentence);
  });

  it('takes only a name that can stand in a header, and an inline limit that fits into a message of NATS', () => {
    expect(() => load('--relay.hostname=a b')).toThrow(/a domain name/);
    expect(() => load('--limits.inline=1MiB')).toThrow(/at most 896KiB/);
  });
});
