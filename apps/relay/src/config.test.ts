import { ConfigError, loadConfig } from '@posthaste/config';
import { describe, expect, it } from 'vitest';
import { relaySettings } from './config.ts';

const load = (...argv: string[]) => loadConfig(relaySettings, { argv, env: {} }).values;

describe('the settings', () => {
  it.each(['127.0.0.1:25', '127.8.9.1:25', '[::1]:25', 'localhost:25'])('listens on %s', (address) => {
    expect(load(`--relay.listen=${address}`)['relay.listen'].port).toBe(25);
  });

  it.each(['0.0.0.0:25', '[::]:25', '192.168.1.1:25', 'example.org:25', '127.example.org:25'])('does not listen on %s', (address) => {
    expect(() => load(`--relay.listen=${address}`)).toThrow(ConfigError);
  });

  it('takes only a name that can stand in a header, and an inline limit that fits into a message of NATS', () => {
    expect(() => load('--relay.hostname=a b')).toThrow(/a domain name/);
    expect(() => load('--limits.inline=1MiB')).toThrow(/at most 896KiB/);
  });
});
