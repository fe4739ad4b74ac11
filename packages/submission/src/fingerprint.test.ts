import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fingerprint } from './fingerprint.ts';

const word = fc.string({ maxLength: 12 });
const submission = fc.record({
  submitter: word,
  tenant: word,
  envelope: fc.record({
    from: word,
    recipients: fc.array(fc.record({ address: word, dsnNotify: word }), { minLength: 1, maxLength: 4 }),
    dsnEnvelopeId: word,
  }),
  message: fc.uint8Array({ maxLength: 64 }),
});
type Submission = typeof submission extends fc.Arbitrary<infer T> ? T : never;

function digestOf({ submitter, tenant, envelope, message }: Submission, cut = 0): string {
  const fingerprint = new Fingerprint(submitter, tenant, envelope);
  fingerprint.update(message.subarray(0, cut));
  fingerprint.update(message.subarray(cut));
  return fingerprint.digest();
}

const whole = ({ message, ...cover }: Submission) => JSON.stringify([cover, [...message]]);

it('is the same for the same submission, however the message is cut, and another one for any other', () => {
  fc.assert(
    fc.property(submission, submission, fc.nat(64), (one, other, cut) => {
      expect(digestOf(one, cut)).toBe(digestOf(one));
      expect(digestOf(one) === digestOf(other)).toBe(whole(one) === whole(other));
      for (const field of ['submitter', 'tenant', 'envelope', 'message'] as const) {
        const mixed = { ...one, [field]: other[field] };
        expect(digestOf(one) === digestOf(mixed)).toBe(whole(one) === whole(mixed));
      }
    }),
  );
});

it('minds the order of the recipients', () => {
  const recipients = [{ address: 'a@example.org' }, { address: 'b@example.org' }];
  const of = (given: typeof recipients) => new Fingerprint('x', 'default', { from: '', recipients: given }).digest();
  expect(of(recipients)).not.toBe(of(recipients.toReversed()));
});

it('is one word for a header, shorter than an id', () => {
  expect(new Fingerprint('', '', { from: '', recipients: [] }).digest()).toMatch(/^[A-Za-z0-9_-]{27}$/);
});
