import { describe, expect, it } from 'vitest';
import { clientKey, isLoopback, Networks, parseNetwork } from './networks.ts';

describe('networks', () => {
  const networks = new Networks(['10.1.0.0/16', '192.0.2.7', 'fd00::/8']);

  it.each([
    ['10.1.255.1', true],
    ['10.2.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::1', true],
    ['fe80::1', false],
    ['', false],
    ['somewhere', false],
  ])('%s: %s', (address, inside) => {
    expect(networks.has(address)).toBe(inside);
  });

  it.each(['10.0.0.0/33', '::/129', '10.0.0/8', 'example.org', '10.0.0.1/', ''])('%j is none', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  it('know loopback', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '10.0.0.1', '0.0.0.0', '::'].map(isLoopback)).toEqual([true, true, true, false, false, false]);
  });
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('limits for %s are counted for %s', (address, key) => {
  expect(clientKey(address)).toBe(key);
});
