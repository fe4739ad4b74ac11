import { expect, it } from 'vitest';
import { createTemplate, headOf, numberOf, recipientOf } from './message.ts';

const date = new Date(0).toUTCString();

it('makes mails of the size that was asked for, whatever their number', () => {
  for (const [sizeBytes, number] of [
    [1024, 1],
    [10_240, 99_999],
    [102_400, 1_234_567],
  ] as const) {
    const { rest } = createTemplate(sizeBytes);
    expect(headOf(number, date).length + rest.length - '.\r\n'.length).toBe(sizeBytes);
  }
});

it('finds the number of a mail in its recipient', () => {
  expect(numberOf(recipientOf(41_207))).toBe(41_207);
});

it('begins no line with a dot but the last', () => {
  const { rest } = createTemplate(10_240);
  expect(rest.indexOf('\r\n.')).toBe(rest.length - '\r\n.\r\n'.length);
});
