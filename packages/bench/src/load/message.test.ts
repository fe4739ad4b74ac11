import { expect, it } from 'vitest';
import { createTemplate, domainOf, headOf, numberOf, recipientOf } from './message.ts';

const date = new Date(0).toUTCString();

it('makes mails of the size that was asked for, whatever their number', () => {
  for (const [sizeBytes, number] of [
    [1024, 1],
    [10_240, 99_999],
    [102_400, 1_234_567],
  ] as const) {
    const { rest } = createTemplate({ sizeBytes });
    for (const kind of [{}, { lane: 'immediate', domains: 10 }]) {
      expect(headOf(number, 1, date, kind).length + rest.length - '.\r\n'.length).toBe(sizeBytes);
    }
  }
});

it('finds the number of a mail in its recipient', () => {
  expect(numberOf(recipientOf(41_207))).toBe(41_207);
  expect([numberOf(recipientOf(41_207, 10)), recipientOf(41_207, 10)]).toEqual([41_207, `41207@${domainOf(7)}`]);
});

it('begins no line with a dot but the last', () => {
  const { rest } = createTemplate({ sizeBytes: 10_240 });
  expect(rest.indexOf('\r\n.')).toBe(rest.length - '\r\n.\r\n'.length);
});

it('gives no two mails one Message-ID, not even in two orders', () => {
  const idOf = (number: number, order: number) => /Message-ID: (.*)/.exec(headOf(number, order, date))?.[1];
  expect(new Set([idOf(1, 1), idOf(2, 1), idOf(1, 2)]).size).toBe(3);
});
