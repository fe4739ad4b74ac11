import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SubmitRequestSchema } from '@posthaste/protocol';
import { isPlainRequest } from './plain-request.ts';

type Init = MessageInitShape<typeof SubmitRequestSchema>;

const validator = createValidator();
const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

const text = fc.oneof(
  fc.constantFrom('', 'a@example.org', 'x\ty', 'x\ny', '\u007f', 'ü', '😀', 'no such'),
  fc.constantFrom(64, 65, 255, 256, 257, 998, 999, 2000, 2001).map((length) => 'x'.repeat(length)),
);
const texts = fc.oneof(fc.array(text, { maxLength: 3 }), fc.constant(Array.from({ length: 1001 }, () => 'b@example.net')));
const words = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });
const fields = {
  from: text,
  to: texts,
  cc: texts,
  bcc: texts,
  replyTo: texts,
  subject: text,
  text,
  html: text,
  raw: fc.constantFrom(new Uint8Array(0), new Uint8Array(3)),
  headers: words,
  tags: fc.oneof(words, fc.constant(Object.fromEntries(Array.from({ length: 33 }, (_, number) => [`t${number}`, ''])))),
  tenant: text,
  lane: fc.integer({ min: -1, max: 9 }),
  idempotencyKey: text,
  briefKey: fc.boolean(),
  ttl: fc.constantFrom({ seconds: -1n }, { seconds: 1n }),
  deadline: fc.constant({ seconds: 1n }),
  attachments: fc.constant([{ content: new Uint8Array(1), reference: 'x' }]),
  listUnsubscribe: fc.constant({}),
};
/** A few fields at a time: with all of them nothing would be plain. */
const requests = fc
  .subarray(Object.keys(fields) as (keyof typeof fields)[], { minLength: 1, maxLength: 3 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, fields[name]]))));

test('what is plain keeps every rule of the contract', () => {
  let plain = 0;
  const property = fc.property(requests, (some) => {
    const request = create(SubmitRequestSchema, { ...hello, ...some });
    if (!isPlainRequest(request)) return;
    plain += 1;
    expect(validator.validate(SubmitRequestSchema, request).kind).toBe('valid');
  });
  fc.assert(property, { numRuns: 10_000 });
  expect(plain).toBeGreaterThan(500);
});

test.each<[string, Init]>([
  ['a raw message', { from: 'a@example.org', to: ['b@example.net'], raw: new Uint8Array(3) }],
  ['text and html', { ...hello, html: '<p>hi', cc: ['c@example.net'] }],
  ['tags, tenant, lane and key', { ...hello, tags: { shop: 'de' }, tenant: 'acme', lane: 1, idempotencyKey: 'order-1' }],
])('%s is plain', (_, init) => {
  expect(isPlainRequest(create(SubmitRequestSchema, init))).toBe(true);
});
