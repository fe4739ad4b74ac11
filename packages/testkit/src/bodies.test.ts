import { describe, expect, it } from 'vitest';
import { asciiMail, dottedMail, eightBitMail, largeMail, utf8HeaderMail } from './bodies.ts';

describe.each([
  ['ascii', asciiMail],
  ['8-bit', eightBitMail],
  ['UTF-8 headers', utf8HeaderMail],
  ['dotted', dottedMail],
])('%s', (_name, make) => {
  it('has the same bytes for the same seed only', () => {
    expect(make(1)).toEqual(make(1));
    expect(make(1)).not.toEqual(make(2));
  });

  it('has headers, and CRLF at every line end and nowhere else', () => {
    const text = make(1).toString('latin1');
    expect(text).toContain('\r\n\r\n');
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text.endsWith('\r\n')).toBe(true);
  });
});

it.each([200, 1024, 10 * 1024, 10 * 1024 + 1])('makes mails of exactly %i bytes', (bytes) => {
  expect(asciiMail(7, bytes)).toHaveLength(bytes);
  expect(asciiMail(7, bytes).every((byte) => byte < 0x80)).toBe(true);
  expect(eightBitMail(7, bytes + 200)).toHaveLength(bytes + 200);
});

it('makes 20 MiB in lines within the limit of SMTP', () => {
  const mail = largeMail(1);
  expect(mail).toHaveLength(20 * 1024 * 1024);
  expect(
    Math.max(
      ...mail
        .subarray(0, 100_000)
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.length),
    ),
  ).toBeLessThan(998);
});

it('needs 8BITMIME where it says so', () => {
  expect(eightBitMail(1).some((byte) => byte >= 0x80)).toBe(true);
  expect(eightBitMail(1).toString('utf8')).toContain('\ufffd');
});
