import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { readTicket } from '@posthaste/core';
import { readLast, ticketHeader, waitStream, waitSubject } from '@posthaste/stream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ limits: { maxBytes: 100_000 } })));
afterAll(() => rig.stop());
beforeEach(() => void (rig.full.stream = null));

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hi', text: 'hello' };

interface Answer {
  readonly id?: string;
  readonly error?: { readonly status: string; readonly details: readonly Detail[] };
}

interface Detail {
  readonly '@type': string;
  readonly fieldViolations?: readonly { readonly field: string }[];
}

async function post(path: string, body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) {
  const response = await fetch(rig.url + path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Answer };
}

test.each(['/v1/messages', '/email/send'])('POST %s answers 202, the id, and where to ask for it', async (path) => {
  const { status, headers, json } = await post(path, hello);
  expect(status).toBe(202);
  expect(json).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), acceptedAt: expect.any(String) });
  expect(headers.get('location')).toBe(`/v1/messages/${json.id}`);
});

test('proto3 JSON is understood in both spellings, with bytes, times and durations', async () => {
  const request = {
    from: 'a@example.org',
    to: ['b@example.net'],
    raw: Buffer.from('Subject: x\r\n\r\nhi').toString('base64'),
    sendAt: '2026-01-01T00:00:00Z',
    ttl: '3600s',
    lane: 'LANE_HIGH',
  };
  expect((await post('/v1/messages', request)).status).toBe(202);
  expect((await post('/v1/messages', { ...hello, reply_to: ['r@example.org'] })).status).toBe(202);
});

test('a time is told with any offset, and is refused without one', async () => {
  const sendAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 3_600_000);
  const inKolkata = new Date(sendAt.getTime() + 5.5 * 3_600_000).toISOString().replace('.000Z', '+05:30');
  const { status, json } = await post('/v1/messages', { ...hello, sendAt: inKolkata });
  expect(status).toBe(202);
  const entry = await readLast(rig.connection, waitStream(0), waitSubject(0, json.id ?? ''));
  expect(readTicket(entry.header(ticketHeader))?.due).toBe(sendAt.getTime());
  const refused = await post('/v1/messages', { ...hello, sendAt: '2031-05-01T10:00:00' });
  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.json)).toContain('RFC 3339');
});

test('an unknown field is refused by its name', async () => {
  const { status, json } = await post('/v1/messages', { ...hello, attachment: 'x' });
  expect(status).toBe(400);
  expect(json.error).toMatchObject({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: expect.stringContaining('attachment'),
    details: expect.arrayContaining([
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'UNKNOWN_FIELD', domain: 'posthaste.v1', metadata: { field: 'attachment' } },
    ]),
  });
});

test('a value of the wrong type is named by its path, with what was expected', async () => {
  const { status, json } = await post('/v1/messages:batch', { messages: [hello, { ...hello, lane: 'high', ttl: '5m' }] });
  expect(status).toBe(400);
  const badRequest = json.error?.details.find((detail) => detail['@type'].endsWith('BadRequest'));
  expect(badRequest?.fieldViolations?.map(({ field }) => field)).toEqual(['messages[1].lane', 'messages[1].ttl']);
  expect(JSON.stringify(json)).toContain('expected one of LANE_IMMEDIATE, LANE_HIGH, LANE_NORMAL, LANE_LOW');
});

test('every broken rule is named', async () => {
  const { status, json } = await post('/v1/messages', { from: 'a@example.org', to: [''], text: 'x', tenant: 'a b' });
  expect(status).toBe(400);
  const badRequest = json.error?.details.find((detail) => detail['@type'].endsWith('BadRequest'));
  expect(badRequest?.fieldViolations?.map(({ field }) => field).toSorted()).toEqual(['tenant', 'to[0]']);
});

test.each([
  ['broken JSON', '{', { 'content-type': 'application/json' }, 400, 'MALFORMED_REQUEST'],
  ['no object', '[]', { 'content-type': 'application/json' }, 400, 'MALFORMED_REQUEST'],
  ['a value of the wrong type', '{"to": "b@example.net"}', { 'content-type': 'application/json' }, 400, 'MALFORMED_REQUEST'],
  ['a form', 'from=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_CONTENT'],
  ['a compressed body', 'x', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED_CONTENT'],
  ['a stray query', JSON.stringify(hello), { 'content-type': 'application/json' }, 400, 'UNKNOWN_FIELD', '?dry=1'],
  ['too large a message', JSON.stringify({ ...hello, text: 'x'.repeat(200_000) }), { 'content-type': 'application/json' }, 413, 'MESSAGE_TOO_LARGE'],
  ['an idempotency key that is none', JSON.stringify(hello), { 'content-type': 'application/json', 'idempotency-key': '""' }, 400, 'INVALID_FIELD'],
])('%s is refused as what it is', async (_, body, headers, status, reason, query = '') => {
  const answer = await post(`/v1/messages${query}`, body, headers);
  expect(answer.status).toBe(status);
  expect(answer.json.error?.details).toEqual(expect.arrayContaining([expect.objectContaining({ reason })]));
});

test('full storage is 429 with Retry-After', async () => {
  rig.full.stream = 'MAIL_0_normal';
  const { status, headers, json } = await post('/v1/messages', hello);
  expect([status, headers.get('retry-after'), json.error?.status]).toEqual([429, '5', 'RESOURCE_EXHAUSTED']);
  expect(json.error?.details).toContainEqual({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '5s' });
});

test('another verb on a known path is 405 and says which is expected', async () => {
  const response = await fetch(`${rig.url}/v1/messages`, { method: 'DELETE' });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, GET']);
});

test('what is served nowhere is NOT_FOUND, and all paths that there are are named', async () => {
  const response = await fetch(`${rig.url}/v2/anything`);
  expect(response.status).toBe(404);
  const message: unknown = expect.stringMatching(/^there is no GET \/v2\/anything; .*POST \/v1\/messages, .*GET \/v1\/messages\/\{id\}/);
  expect(await response.json()).toMatchObject({ error: { code: 404, status: 'NOT_FOUND', message, details: [{ reason: 'PATH_NOT_FOUND' }] } });
});

test('after an upload that is refused unread the connection serves the next request', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await upload(agent, 5_000_000)).status).toBe(413);
  expect((await upload(agent, 5)).status).toBe(202);
  agent.destroy();
});

async function upload(agent: Agent, size: number) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(`${rig.url}/v1/messages`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } }, resolve);
    request.on('error', reject);
    request.end(JSON.stringify({ ...hello, text: 'x'.repeat(size) }));
  });
  return { status: response.statusCode, body: await text(response) };
}
