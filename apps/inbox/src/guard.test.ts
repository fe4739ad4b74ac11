import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startInbox, type InboxRig } from './rig.ts';

let inbox: InboxRig;

beforeEach(async () => {
  inbox = await startInbox({ allowedHosts: ['inbox.example.org'] });
});
afterEach(() => inbox.close());

/** fetch lets nobody set Host. */
async function statusOf(method: string, path: string, headers: OutgoingHttpHeaders): Promise<number | undefined> {
  const sent = request(`${inbox.origin}${path}`, { method, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.destroy();
  return response.statusCode;
}

describe('a name that can be rebound', () => {
  it.each(['127.0.0.1:8025', 'localhost:8025', 'inbox.localhost', '[::1]:8025', '10.0.0.7', 'mailhog:8025', 'inbox.example.org'])(
    'is not %s',
    async (host) => {
      expect(await statusOf('GET', '/api/v2/messages', { host })).toBe(200);
    },
  );

  it.each(['evil.example', 'evil.example:8025', '127.0.0.1.evil.example', 'evil.inbox.example.org', 'localhost.evil.example', 'evil.'])(
    'is %s, and reads nothing',
    async (host) => {
      for (const path of ['/', '/api/v2/messages', '/api/changes', '/healthz']) expect(await statusOf('GET', path, { host })).toBe(403);
    },
  );
});

describe('another site', () => {
  const changes = [
    ['DELETE', '/api/v1/messages'],
    ['DELETE', '/api/v1/messages/x'],
    ['PUT', '/api/chaos'],
    ['POST', '/api/v1/messages/x/release'],
  ] as const;

  it.each(changes)('cannot %s %s', async (method, path) => {
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect(await statusOf(method, path, headers)).toBe(403);
    }
  });

  it('cannot read along', async () => {
    for (const path of ['/api/changes', '/api/v1/events']) expect(await statusOf('GET', path, { origin: 'http://evil.example' })).toBe(403);
  });

  it('cannot embed or read what it asks for', async () => {
    const { headers } = await inbox.request('/api/v2/messages');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});

it('lets its own page and clients without an origin change it', async () => {
  expect(await statusOf('DELETE', '/api/v1/messages', { origin: inbox.origin, 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await statusOf('DELETE', '/api/v1/messages', {})).toBe(200);
});
