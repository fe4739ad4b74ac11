import { create, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { SubmitRequestSchema, type SubmitRequest } from '@posthaste/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fingerprintOf } from './request-fingerprint.ts';

const word = fc.stringMatching(/^[a-z0-9]{0,3}$/);
const bytes = fc.uint8Array({ maxLength: 8 });
const fields = fc.record({
  from: word,
  to: fc.array(word, { maxLength: 3 }),
  subject: word,
  text: word,
  headers: fc.dictionary(fc.stringMatching(/^[A-Z0-9]{1,3}$/), word, { maxKeys: 4 }),
  tags: fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,3}$/), word, { maxKeys: 4 }),
  raw: bytes,
  lane: fc.constantFrom(0, 1, 2, 3, 4),
  sendAt: fc.option(fc.record({ seconds: fc.bigInt(0n, 9n), nanos: fc.constant(0) }), { nil: undefined }),
  attachments: fc.array(fc.record({ filename: word, content: bytes, reference: word }), { maxLength: 3 }),
});
type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never;

function request({ sendAt, ...others }: Fields, more: { tenant?: string; idempotencyKey?: string; briefKey?: boolean } = {}): SubmitRequest {
  return create(SubmitRequestSchema, { ...others, ...(sendAt && { sendAt }), ...more });
}

const reversed = (map: Record<string, string>) => Object.fromEntries(Object.entries(map).toReversed());
const sorted = (map: Record<string, string>) => Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
const whole = ({ headers, tags, ...others }: Fields) =>
  JSON.stringify([others, sorted(headers), sorted(tags)], (_, value: unknown) =>
    value instanceof Uint8Array ? [...value] : typeof value === 'bigint' ? String(value) : value,
  );

it('is the same whatever the order of maps, the protocol, the key, and the way to say the default tenant', () => {
  fc.assert(
    fc.property(fields, word, fc.boolean(), (given, idempotencyKey, briefKey) => {
      const fingerprint = fingerprintOf(request(given));
      const same = request(
        { ...given, headers: reversed(given.headers), tags: reversed(given.tags) },
        { idempotencyKey, briefKey, tenant: 'default' },
      );
      expect(fingerprintOf(same)).toBe(fingerprint);
      expect(fingerprintOf(fromBinary(SubmitRequestSchema, toBinary(SubmitRequestSchema, same)))).toBe(fingerprint);
      expect(fingerprintOf(fromJson(SubmitRequestSchema, toJson(SubmitRequestSchema, same)))).toBe(fingerprint);
    }),
  );
});

it('is another one when any field is', () => {
  fc.assert(
    fc.property(fields, fields, (one, other) => {
      for (const name of Object.keys(one) as (keyof Fields)[]) {
        const mixed = { ...one, [name]: other[name] };
        expect(fingerprintOf(request(one)) === fingerprintOf(request(mixed)), name).toBe(whole(one) === whole(mixed));
      }
    }),
    { numRuns: 300 },
  );
});

it('leaves the request as it was', () => {
  const given = request({
    from: 'a',
    to: [],
    subject: '',
    text: '',
    headers: { B: '1', A: '2' },
    tags: {},
    raw: Buffer.from('x'),
    lane: 0,
    sendAt: undefined,
    attachments: [],
  });
  const before = structuredClone(given);
  fingerprintOf(given);
  expect(structuredClone(given)).toEqual(before);
});
