import { loadConfig } from '@posthaste/config';
import { expect, it } from 'vitest';
import { layOutDoors, portOrder, type UpConfig, upFlags, upSettings } from './config.ts';

const load = (argv: string[], env: Record<string, string> = {}): UpConfig =>
  loadConfig(upSettings, { argv, env, aliases: upFlags, ownSections: ['up'] });
const portsOf = (config: UpConfig) => portOrder.map((name) => layOutDoors(config)[name].port);

it('listens on the well-known ports', () => {
  expect(portsOf(load([]))).toEqual([2525, 8080, 1025, 8025, 7420, 4222, 9101, 9102, 9103, 9104, 8081]);
});

it('moves all ports with --port-base', () => {
  expect(portsOf(load(['--port-base', '20000']))).toEqual([20000, 20001, 20002, 20003, 20004, 20005, 20006, 20007, 20008, 20009, 20010]);
});

it.each([
  ['1', { least: 1, most: 1 }],
  ['3', { least: 3, most: 3 }],
  ['2..20', { least: 2, most: 20 }],
])('takes --senders %s', (given, bounds) => {
  const config = load(['--senders', given]);
  expect(config.values['up.senders']).toEqual(bounds);
  expect(config.describe()).toMatch(new RegExp(`up\\.senders +${given.replaceAll('.', '\\.')} `));
});

it.each(['0', '5..2', '1..101', '2-20', 'many'])('refuses --senders %s and says what it expects', (given) => {
  expect(() => load(['--senders', given])).toThrow('a number from 1 to 100, or a span such as 2..20');
});

it('leaves an address that was set by itself where it was set', () => {
  const doors = layOutDoors(load(['--port-base=20000', '--relay.listen=127.0.0.1:25'], { POSTHASTE_API_LISTEN: '0.0.0.0:80' }));
  expect([doors['relay.listen'].port, doors['api.listen'], doors['inbox.smtp'].port]).toEqual([25, { host: '0.0.0.0', port: 80 }, 20002]);
});

it("leaves other programs' settings to them", () => {
  expect(() => load([], { POSTHASTE_RELAY_MAX_SIZE: '1MiB', POSTHASTE_SENDER_CONNECTIONS: '3' })).not.toThrow();
  expect(() => load([], { POSTHASTE_UP_DATADIR: 'x' })).toThrow('did you mean POSTHASTE_UP_DATA_DIR?');
});
