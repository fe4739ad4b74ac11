import { create } from '@bufbuild/protobuf';
import { SubmissionService, SubmitRequestSchema } from '@posthaste/protocol';
import { describe, expect, it } from 'vitest';
import { idempotencyKeyOf } from './idempotency-key.ts';

const { submit, submitBatch } = SubmissionService.method;

function keyOf(field: string, header?: string, method: typeof submit | typeof submitBatch = submit): string | undefined {
  const requestHeader = new Headers(header === undefined ? {} : { 'idempotency-key': header });
  return idempotencyKeyOf(create(SubmitRequestSchema, { idempotencyKey: field }), { method, requestHeader });
}

describe('the key of a request', () => {
  it.each([
    ['none', '', undefined, undefined],
    ['the field', 'abc', undefined, 'abc'],
    ['the header', '', 'abc', 'abc'],
    ['the header as a quoted string', '', '"a \\"b\\" \\\\c"', 'a "b" \\c'],
    ['both, when they agree', 'abc', '"abc"', 'abc'],
  ])('is %s', (_, field, header, key) => {
    expect(keyOf(field, header)).toBe(key);
  });

  it.each([
    ['two that differ', 'abc', 'abd'],
    ['an empty header', '', ''],
    ['an empty string', '', '""'],
    ['a header beyond ASCII', '', 'caf\u00e9'],
    ['a header that is too long', '', 'x'.repeat(256)],
  ])('is refused: %s', (_, field, header) => {
    expect(() => keyOf(field, header)).toThrow(/idempotency_key/);
  });

  it('comes from the field alone in a call of many messages, where a header would say nothing', () => {
    expect(keyOf('abc', undefined, submitBatch)).toBe('abc');
    expect(() => keyOf('abc', 'abc', submitBatch)).toThrow(/cannot tell many messages apart/);
  });
});
