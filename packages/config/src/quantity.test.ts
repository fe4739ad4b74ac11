import { expect, it } from 'vitest';
import { formatAddress, formatDuration, formatSize, parseAddress, parseDuration, parseSize } from './quantity.ts';

it.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['1.5s', 1500],
  ['0s', 0],
])('takes the duration %s', (text, ms) => {
  expect(parseDuration(text)).toEqual({ kind: 'value', value: ms });
});

it.each([
  ['512KiB', 524_288],
  ['25MiB', 26_214_400],
  ['1GB', 1_000_000_000],
  ['100B', 100],
])('takes the size %s', (text, bytes) => {
  expect(parseSize(text)).toEqual({ kind: 'value', value: bytes });
});

it.each(['', '30', 's', '-1s', '1w', '0.5ms', '1e3s'])("refuses '%s' as a duration", (text) => {
  expect(parseDuration(text).kind).toBe('refused');
});

it.each(['', '127.0.0.1', ':25', '127.0.0.1:', 'a:65536', '::1:25', 'http://a:1'])("refuses '%s' as an address", (text) => {
  expect(parseAddress(text).kind).toBe('refused');
});

it('writes a quantity as a person would', () => {
  expect([0, 250, 1500, 60_000, 90_000, 86_400_000].map(formatDuration)).toEqual(['0ms', '250ms', '1500ms', '1m', '90s', '1d']);
  expect([0, 100, 1000, 524_288, 26_214_400].map(formatSize)).toEqual(['0B', '100B', '1KB', '512KiB', '25MiB']);
  expect(formatAddress({ host: '::1', port: 25 })).toBe('[::1]:25');
});
