import { create } from '@bufbuild/protobuf';
import { SubmitRequestSchema } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { contentFaults } from './index.ts';
import type { Request } from './testbed/readers.ts';

const faultsOf = (request: Request) => contentFaults(create(SubmitRequestSchema, request)).map(({ field, description }) => `${field} ${description}`);

test.each<[string, Request, string]>([
  ['a header with a field of its own', { headers: { bCC: 'x@example.com' } }, 'headers["bCC"] cannot be given here'],
  ['a header of the MIME structure', { headers: { 'Content-Language': 'de' } }, 'headers["Content-Language"] cannot be given here'],
  ['a header in two spellings', { headers: { 'X-A': '1', 'x-a': '2' } }, 'headers["x-a"] is given in two spellings'],
  [
    'List-Unsubscribe beside its field',
    { headers: { 'List-Unsubscribe': '<x:y>' }, listUnsubscribe: { url: 'https://x' } },
    'beside list_unsubscribe',
  ],
  ['a Message-ID without brackets', { headers: { 'Message-ID': '1@example.org' } }, 'is "1@example.org"; expected <unique@domain>'],
  ['a Message-ID with a space', { headers: { 'message-id': '<1 @example.org>' } }, 'expected <unique@domain>'],
  ['a Message-ID that no line can hold', { headers: { 'Message-ID': `<${'x'.repeat(1000)}@example.org>` } }, 'expected <unique@domain>'],
  ['a Date of another kind', { headers: { Date: '2031-05-01T08:00:00Z' } }, 'expected a time as in RFC 5322'],
  ['a Date that never was', { headers: { Date: '45 May 2031 08:00:00 +0000' } }, 'expected a time as in RFC 5322'],
  [
    'a type that cannot be read',
    { attachments: [{}, { contentType: 'text/plain; charset="x' }] },
    'attachments[1].content_type is "text/plain; charset="x"',
  ],
  ['a type of parts', { attachments: [{ contentType: 'multipart/mixed; boundary=x' }] }, 'expected the type of one file'],
])('%s is a fault', (_, request, sentence) => {
  expect(faultsOf(request)).toEqual([expect.stringContaining(sentence)]);
});

test.each<[string, Request]>([
  ['headers of its own', { headers: { 'X-A': '1', 'List-Unsubscribe': '<mailto:u@example.org>', 'In-Reply-To': '<1@example.org>' } }],
  ['Message-ID and Date', { headers: { 'Message-ID': '<a.b/c=@[192.0.2.1]>', Date: '1 May 2031 08:00 GMT' } }],
  ['types with parameters', { attachments: [{ contentType: 'text/calendar; method=REQUEST; charset="utf-8" ;' }, {}] }],
])('%s are none', (_, request) => {
  expect(faultsOf(request)).toEqual([]);
});
