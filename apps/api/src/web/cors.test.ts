import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRig, type Rig } from '../rig.ts';

const origin = 'https://app.example.com';
let rig: Rig;
let closed: Rig;
let open: Rig;
beforeAll(async () => {
  [rig, closed, open] = await Promise.all([startRig({ corsOrigins: [origin] }), startRig(), startRig({ corsOrigins: ['*'] })]);
});
afterAll(() => Promise.all([rig.stop(), closed.stop(), open.stop()]));

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };
const rest = '/v1/messages';
const rpc = '/posthaste.v1.SubmissionService/Submit';

function preflight(url: string, from: string): Promise<Response> {
  const headers = { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,idempotency-key' };
  return fetch(url, { method: 'OPTIONS', headers });
}

function submit(url: string, from: string, body: unknown = hello): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { origin: from, 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

test.each([rest, rpc])('a browser that asks before it calls %s is answered', async (path) => {
  const response = await preflight(rig.url + path, origin);
  expect(response.status).toBe(204);
  const { headers } = response;
  expect(headers.get('access-control-allow-origin')).toBe(origin);
  expect(headers.get('access-control-allow-methods')).toContain('POST');
  expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('idempotency-key');
  expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('connect-protocol-version');
  expect(headers.get('vary')).toBe('Origin');
});

test.each([rest, rpc])('a page may call %s, and see the headers that say something', async (path) => {
  const { headers, ok } = await submit(rig.url + path, origin);
  expect(ok).toBe(true);
  expect(headers.get('access-control-allow-origin')).toBe(origin);
  expect(headers.get('access-control-expose-headers')).toContain('Grpc-Status');
  expect(headers.get('access-control-expose-headers')).toContain('Retry-After');
});

test('a page may use every verb that a REST binding has', async () => {
  const allowed = (await preflight(`${rig.url}/v1/suspensions/x`, origin)).headers.get('access-control-allow-methods')?.split(', ');
  expect(allowed).toEqual(expect.arrayContaining(['GET', 'POST', 'DELETE']));
});

test('a page sees why it was refused', async () => {
  const response = await submit(rig.url + rest, origin, { ...hello, to: [] });
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([400, origin]);
});

test('another origin is told nothing', async () => {
  const other = 'https://evil.example.com';
  expect((await preflight(rig.url + rest, other)).headers.get('access-control-allow-origin')).toBeNull();
  expect((await submit(rig.url + rest, other)).headers.get('access-control-allow-origin')).toBeNull();
});

test('by default no origin may call', async () => {
  const response = await preflight(closed.url + rest, origin);
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([405, null]);
  expect((await submit(closed.url + rest, origin)).headers.get('access-control-allow-origin')).toBeNull();
});

test('with * every origin may', async () => {
  expect((await preflight(open.url + rest, origin)).headers.get('access-control-allow-origin')).toBe('*');
  expect((await submit(open.url + rest, origin)).headers.get('access-control-allow-origin')).toBe('*');
});
