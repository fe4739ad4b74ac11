import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailHogMessage } from './mailhog/message.ts';
import { startInbox, type InboxRig } from './rig.ts';

let inbox: InboxRig;

beforeEach(async () => {
  inbox = await startInbox({ limits: { maxMails: 3, maxBytes: 200 * 1024 * 1024 } });
});
afterEach(() => inbox.close());

const request: InboxRig['request'] = (path, init) => inbox.request(path, init);

function deliver(subject: string, body = 'hello'): Promise<string> {
  return inbox.deliver(`Subject: ${subject}\n\n${body}`);
}

interface Page {
  readonly total: number;
  readonly count: number;
  readonly start: number;
  readonly items: readonly MailHogMessage[];
}

async function page(query = ''): Promise<Page> {
  const response = await request(`/api/v2/messages${query}`);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return (await response.json()) as Page;
}

const subjects = (found: Page) => found.items.map((item) => item.Content.Headers['Subject']?.[0]);

describe('the mails', () => {
  it('are listed newest first, the last few only, in pages', async () => {
    for (const subject of ['one', 'two', 'three', 'four']) expect(await deliver(subject)).toContain('250 2.0.0 Ok: queued as');
    const all = await page();
    expect(subjects(all)).toEqual(['four', 'three', 'two']);
    expect(all).toMatchObject({ total: 3, count: 3, start: 0 });
    const second = await page('?start=1&limit=1');
    expect(subjects(second)).toEqual(['three']);
    expect(second).toMatchObject({ total: 3, count: 1, start: 1 });
    expect(new Set(all.items.map((item) => item.ID)).size).toBe(3);
  });

  it('are read with defaults where start and limit make no sense, as by MailHog', async () => {
    await deliver('one');
    expect(subjects(await page('?start=-1&limit=many'))).toEqual(['one']);
  });

  it('are forgotten on DELETE', async () => {
    await deliver('one');
    expect((await request('/api/v1/messages', { method: 'DELETE' })).status).toBe(200);
    expect(await page()).toEqual({ total: 0, count: 0, start: 0, items: [] });
  });

  it('are shown when they are large', async () => {
    const body = `${'x'.repeat(998)}\r\n`.repeat(5000).trimEnd();
    for (const subject of ['one', 'two', 'three']) await deliver(subject, body);
    expect((await page()).items.map((item) => item.Content.Body.length)).toEqual([0, 0, 0].map(() => body.length + 2));
  });
});

describe.each(['/chaos', '/api/chaos'])('%s', (path) => {
  it('shows the script and changes it at once', async () => {
    const script = { rules: [{ at: 'final', times: 1, reply: '451 4.3.0 Later' }] };
    const response = await request(path, { method: 'PUT', body: JSON.stringify(script) });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(script);
    expect(await (await request(path)).json()).toEqual(script);
    expect(await deliver('one')).toBe('451 4.3.0 Later');
    expect(await deliver('two')).toBe('250 2.0.0 Ok: queued as 1');
  });

  it.each([
    ['{"rules":[{"at":"nowhere"}]}', 'rules[0].at is "nowhere": expected one of greeting, ehlo, starttls, auth, mail, rcpt, data, body, final'],
    ['{"rules": [}', 'not JSON or YAML: '],
  ])('answers %s by 400 with all faults and a hint, and keeps the script', async (body, fault) => {
    const response = await request(path, { method: 'PUT', body });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { faults: unknown[]; hint: string } };
    expect(error.faults[0]).toEqual({ line: 1, sentence: expect.stringContaining(fault) as string });
    expect(error.hint).toContain('"recipient": "*@slow.example"');
    expect(await (await request(path)).json()).toEqual({});
  });

  it('refuses an endless script', async () => {
    expect((await request(path, { method: 'PUT', body: ' '.repeat(1024 * 1024 + 1) })).status).toBe(413);
  });
});

describe('the rest', () => {
  it.each([
    ['/', '<title>Inbox</title>'],
    ['/page/main.js', 'import'],
    ['/healthz', 'ok'],
    ['/readyz', 'ready'],
  ])('answers %s', async (path, text) => {
    const response = await request(path);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(text);
  });

  it('says what there is when asked for something else', async () => {
    const missing = await request('/toString');
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain('/healthz');
    const wrong = await request('/chaos', { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, PUT']);
  });

  it('closes while clients are connected', async () => {
    const smtp = connect(inbox.smtp);
    const http = connect({ host: '127.0.0.1', port: Number(new URL(inbox.origin).port) });
    await Promise.all([once(smtp, 'data'), once(http, 'connect')]);
    const gone = Promise.all([once(smtp.resume(), 'close'), once(http.resume(), 'close')]);
    await inbox.close();
    await gone;
  });
});
