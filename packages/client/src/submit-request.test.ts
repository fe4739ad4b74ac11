import { durationMs, timestampDate } from '@bufbuild/protobuf/wkt';
import { Disposition, Lane } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { submitRequest } from './submit-request.ts';

const key = { idempotencyKey: '', briefKey: false };
const mail = { from: 'shop@example.org', to: 'ann@example.net', text: 'x' };

test('all that a mail can say reaches the request', () => {
  const request = submitRequest(
    {
      from: 'Shop <shop@example.org>',
      to: ['ann@example.net', 'Bob <bob@example.net>'],
      cc: 'cc@example.net',
      bcc: ['bcc@example.net'],
      replyTo: 'help@example.org',
      subject: 'Grüße',
      text: 'text',
      html: '<p>html</p>',
      headers: { 'X-Order': '17' },
      attachments: [
        { filename: 'a.txt', content: 'ä', contentType: 'text/plain' },
        { reference: 'ref', contentId: 'logo', disposition: 'inline' },
      ],
      listUnsubscribe: { url: 'https://example.org/u', oneClick: true },
      sendAt: new Date(1_000),
      ttl: '1.5h',
      lane: 'low',
      tags: { order: '17' },
      tenant: 'shop',
    },
    { idempotencyKey: 'key', briefKey: true },
  );
  expect(request).toMatchObject({
    from: 'Shop <shop@example.org>',
    to: ['ann@example.net', 'Bob <bob@example.net>'],
    cc: ['cc@example.net'],
    bcc: ['bcc@example.net'],
    replyTo: ['help@example.org'],
    subject: 'Grüße',
    text: 'text',
    html: '<p>html</p>',
    headers: { 'X-Order': '17' },
    attachments: [
      { filename: 'a.txt', content: new Uint8Array([0xc3, 0xa4]), contentType: 'text/plain', disposition: Disposition.UNSPECIFIED },
      { reference: 'ref', contentId: 'logo', disposition: Disposition.INLINE },
    ],
    listUnsubscribe: { url: 'https://example.org/u', mailto: '', oneClick: true },
    lane: Lane.LOW,
    tags: { order: '17' },
    tenant: 'shop',
    idempotencyKey: 'key',
    briefKey: true,
  });
  expect(request.sendAt && timestampDate(request.sendAt)).toEqual(new Date(1_000));
  expect(request.ttl && durationMs(request.ttl)).toBe(5_400_000);
});

test('a whole message goes as it is', () => {
  const bytes = new Uint8Array([0, 255]);
  expect(submitRequest({ ...mail, raw: bytes }, key).raw).toEqual(bytes);
  expect(submitRequest({ ...mail, raw: 'é\r\n' }, key).raw).toEqual(new Uint8Array([0xc3, 0xa9, 13, 10]));
});

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['3d', 259_200_000],
  [250, 250],
])('a ttl of %s', (ttl, ms) => {
  const request = submitRequest({ ...mail, ttl }, key);
  expect(request.ttl && durationMs(request.ttl)).toBe(ms);
});

test('one of the four lanes goes by number, the name of a further one as it is: the server knows which there are', () => {
  expect(submitRequest({ ...mail, lane: 'high' }, key)).toMatchObject({ lane: Lane.HIGH, laneName: '' });
  expect(submitRequest({ ...mail, lane: 'wedding-day' }, key)).toMatchObject({ lane: Lane.UNSPECIFIED, laneName: 'wedding-day' });
});

test.each([
  ['ttl', { ttl: 'soon' }],
  ['ttl', { ttl: -1 }],
  ['ttl', { ttl: Number.NaN }],
  ['lane', { lane: 'Wedding Day' }],
  ['lane', { lane: 'unspecified' }],
  ['send_at', { sendAt: new Date('tomorrow') }],
])('a wrong %s is told before anything is sent', (field, wrong) => {
  expect(() => submitRequest({ ...mail, ...wrong }, key)).toThrow(
    expect.objectContaining({ code: 'INVALID_FIELD', fields: [expect.objectContaining({ field })] }),
  );
});
