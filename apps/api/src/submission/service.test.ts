import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeTicket } from '@posthaste/core';
import { Lane, SubmissionService } from '@posthaste/protocol';
import { mailStream, readLast, ticketHeader, waitStream, waitSubject } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ limits: { maxBytes: 100_000 } })));
afterAll(() => rig.stop());
beforeEach(() => void (rig.full.stream = null));

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

/** The last mail of a tenant's log: each test that looks has a tenant of its own. */
async function stored(tenant: string, lane: 'normal' | 'high' = 'normal') {
  const entry = await readLast(rig.connection, mailStream(0, lane), `mail.0.${lane}.${tenant}`);
  return { ticket: decodeTicket(entry.header(ticketHeader) ?? ''), raw: Buffer.from(entry.body).toString() };
}

describe.each([
  ['gRPC', (baseUrl: string) => createGrpcTransport({ baseUrl })],
  ['gRPC-Web', (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
  ['Connect', (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
  ['Connect over HTTP/2 in JSON', (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false })],
] as const)('by %s', (_, transport: (baseUrl: string) => Transport) => {
  const client = () => createClient(SubmissionService, transport(rig.url));

  test('a message is stored and answered with its id', async () => {
    const { id, acceptedAt } = await client().submit({ ...hello, tenant: 'roundtrip' });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(acceptedAt).toBeDefined();
    expect((await stored('roundtrip')).ticket).toMatchObject({ id, from: 'a@example.org', recipients: [{ address: 'b@example.net' }] });
  });

  test('each broken rule is named, with a reason', async () => {
    const refused = await refusalOf(client().submit({ from: 'a@example.org', tenant: 'no such', subject: 'x' }));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD' });
    expect(refused.fields.map(({ field }) => field)).toEqual(expect.arrayContaining(['tenant']));
    expect(refused.message).toContain('to, cc and bcc are all empty');
  });

  test('full storage is RESOURCE_EXHAUSTED, and says when to come again', async () => {
    rig.full.stream = 'MAIL_0_normal';
    expect(await refusalOf(client().submit(hello))).toMatchObject({ code: 'ResourceExhausted', reason: 'STORAGE_FULL', retryAfterSeconds: 5 });
  });

  test('a message above the limit is refused for its size', async () => {
    expect(await refusalOf(client().submit({ ...hello, text: 'x'.repeat(200_000) }))).toMatchObject({
      code: 'InvalidArgument',
      reason: 'MESSAGE_TOO_LARGE',
    });
  });

  test('a request above the limit of all requests is refused for its size', async () => {
    expect(await refusalOf(client().submit({ ...hello, text: 'x'.repeat(2_000_000) }))).toMatchObject({ reason: 'MESSAGE_TOO_LARGE' });
  });
});

describe('what is submitted', () => {
  const client = () => createClient(SubmissionService, createGrpcTransport({ baseUrl: rig.url }));

  test('text and html go as alternatives, with addresses and subject in any script', async () => {
    const request = {
      from: 'Zoë <zoe@example.org>',
      to: ['Ünal <u@example.net>'],
      cc: ['c@example.net'],
      bcc: ['d@example.net', 'u@EXAMPLE.net'],
      replyTo: ['r@example.org'],
    };
    await client().submit({ ...request, subject: 'Grüße ☕', text: 'plain', html: '<b>rich</b>', headers: { 'X-Shop': 'de' }, tenant: 'both' });
    const { ticket, raw } = await stored('both');
    expect(ticket.recipients.map(({ address }) => address)).toEqual(['u@example.net', 'c@example.net', 'd@example.net']);
    expect(raw).toMatch(/^Received: .* with gRPC id /s);
    expect(raw).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(raw).toMatch(/^From: =\?UTF-8\?.*<zoe@example.org>\r$/m);
    expect(raw).toMatch(/^Reply-To: r@example.org\r$/m);
    expect(raw).toMatch(/^X-Shop: de\r$/m);
    expect(raw).toMatch(/^Content-Type: multipart\/alternative;/m);
    expect(raw).not.toMatch(/d@example.net/);
    expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  test('raw goes as it is, under the envelope that is given', async () => {
    const raw = 'Subject: raw\r\nFrom: x@example.org\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n';
    await client().submit({ from: '<>', to: ['b@example.net'], raw: Buffer.from(raw), tenant: 'raw' });
    const mail = await stored('raw');
    expect(mail.ticket).toMatchObject({ from: '', messageId: '<1@x>' });
    expect(mail.raw.endsWith(raw)).toBe(true);
  });

  test('lane, tags, times and tenant come into the ticket', async () => {
    const times = { sendAt: { seconds: BigInt(Math.floor(Date.now() / 1000) + 60) }, ttl: { seconds: 60n } };
    await client().submit({ ...hello, ...times, lane: Lane.HIGH, tags: { shop: 'de' }, tenant: 'acme' });
    const { ticket } = await stored('acme', 'high');
    expect(ticket).toMatchObject({ lane: 'high', tenant: 'acme', tags: { shop: 'de' } });
    expect((ticket.deadline ?? 0) - (ticket.due ?? 0)).toBe(60_000);
  });

  test('far-off mail waits in WAIT', async () => {
    const { id } = await client().submit({ ...hello, sendAt: { seconds: BigInt(Math.floor(Date.now() / 1000) + 3_600) } });
    await expect(readLast(rig.connection, waitStream(0), waitSubject(0, id))).resolves.toBeDefined();
  });

  test.each([
    ['raw beside content', { raw: Buffer.from('Subject: x\r\n\r\n') }, 'raw excludes'],
    ['no content at all', { text: '' }, 'there is no content'],
    ['a line end in the subject', { subject: 'a\r\nBcc: x@example.com' }, 'subject'],
    ['a line end in a header', { headers: { 'X-A': 'a\r\nBcc: x@example.com' } }, 'headers'],
    ['a line end in an address', { to: ['b@example.net\r\nX: y'] }, 'to[0]'],
    ['a broken header name', { headers: { 'X A': 'a' } }, 'headers'],
    ['a header that has a field', { headers: { Bcc: 'x@example.com' } }, 'headers["Bcc"]'],
    ['a header of the MIME structure', { headers: { 'Content-Type': 'text/plain' } }, 'headers["Content-Type"]'],
    ['an address that is none', { to: ['b@example.net', 'nobody'] }, 'to[1]: is "nobody"'],
    ['two addresses in one', { to: ['b@example.net, c@example.net'] }, 'to[0]'],
    ['the null sender beside content', { from: '<>' }, 'from: is "<>"'],
    ['ttl beside deadline', { ttl: { seconds: 1n }, deadline: { seconds: 9_999_999_999n } }, 'ttl and deadline'],
    ['a deadline that has passed', { deadline: { seconds: 1n } }, 'deadline'],
    ['a time beyond the horizon', { sendAt: { seconds: 9_999_999_999n } }, 'send-at'],
    ['an unknown lane', { lane: 9 as Lane }, 'lane'],
  ])('%s is refused', async (_, fields, sentence) => {
    const refused = await refusalOf(client().submit({ ...hello, ...fields }));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD' });
    expect(refused.message).toContain(sentence);
  });

  test('more recipients than fit are refused as such', async () => {
    const to = Array.from({ length: 700 }, (_, index) => `${'x'.repeat(50)}${index}@${'y'.repeat(40)}.example.net`);
    expect(await refusalOf(client().submit({ ...hello, to }))).toMatchObject({ reason: 'TOO_MANY_RECIPIENTS' });
  });

  test('a call ends at the deadline of its client', async () => {
    rig.nats.kill('SIGSTOP');
    try {
      // The signal takes a moment to stop it.
      await eventually(async () => expect(await refusalOf(client().submit(hello, { timeoutMs: 100 }))).toMatchObject({ code: 'DeadlineExceeded' }));
    } finally {
      rig.nats.kill('SIGCONT');
    }
  });
});
