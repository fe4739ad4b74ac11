import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '@posthaste/testkit';
import { startInbox, type InboxRig } from '../rig.ts';
import type { MailHogMessage } from './message.ts';

let inbox: InboxRig;

beforeEach(async () => {
  inbox = await startInbox();
});
afterEach(() => inbox.close());

async function ids(): Promise<string[]> {
  return ((await inbox.json('/api/v1/messages')) as MailHogMessage[]).map((message) => message.ID);
}

async function newest(): Promise<string> {
  return (await ids())[0] ?? '';
}

interface Found {
  readonly total: number;
  readonly count: number;
  readonly start: number;
  readonly items: readonly MailHogMessage[];
}

describe('version 1', () => {
  it('lists all mails whole, and one by its id', async () => {
    await inbox.deliver('Subject: one\n\nhello');
    await inbox.deliver('Subject: two\n\nhello');
    const all = (await inbox.json('/api/v1/messages')) as MailHogMessage[];
    expect(all.map((message) => message.Content.Headers['Subject'])).toEqual([['two'], ['one']]);
    for (const id of [all[1]!.ID, encodeURIComponent(all[1]!.ID)]) expect(await inbox.json(`/api/v1/messages/${id}`)).toEqual(all[1]);
  });

  it('deletes one', async () => {
    await inbox.deliver('Subject: one\n\nhello');
    await inbox.deliver('Subject: two\n\nhello');
    const [two, one] = await ids();
    expect((await inbox.request(`/api/v1/messages/${two}`, { method: 'DELETE' })).status).toBe(200);
    expect(await ids()).toEqual([one]);
  });

  it.each(['', '/download', '/mime/part/0/download'])('says at %s that a mail is not there', async (rest) => {
    expect((await inbox.request(`/api/v1/messages/nobody@inbox${rest}`)).status).toBe(404);
    expect((await inbox.request(`/api/v1/messages/%E0%A4%A`)).status).toBe(404);
  });

  it('gives the mail as it came', async () => {
    await inbox.deliver('Subject: one\n\n.hello');
    const response = await inbox.request(`/api/v1/messages/${await newest()}/download`);
    expect(response.headers.get('content-type')).toBe('message/rfc822');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="[0-9a-f]+-1@inbox.localhost.eml"/);
    expect(await response.text()).toBe('Subject: one\r\n\r\n.hello\r\n');
  });

  it('gives a part decoded, with none of its headers', async () => {
    const part = 'Content-Type: image/png\nSet-Cookie: a=b\nContent-Transfer-Encoding: base64\n\nAAEC';
    await inbox.deliver(`Content-Type: multipart/mixed; boundary=b\n\n--b\n${part}\n--b--`);
    const response = await inbox.request(`/api/v1/messages/${await newest()}/mime/part/0/download`);
    expect([response.headers.get('content-type'), response.headers.get('set-cookie')]).toEqual(['image/png', null]);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 1, 2]);
    expect((await inbox.request(`/api/v1/messages/${await newest()}/mime/part/9/download`)).status).toBe(404);
  });

  it('does not release', async () => {
    const response = await inbox.request('/api/v1/messages/x/release', { method: 'POST', body: '{}' });
    expect(response.status).toBe(501);
    expect(await response.text()).toContain('no mail ever leaves the inbox');
  });

  it('streams each mail as it comes', async () => {
    const leave = new AbortController();
    const response = await inbox.request('/api/v1/events', { signal: leave.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    const reading = (async () => {
      for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
    })().catch(() => {});
    await inbox.deliver('Subject: one\n\nhello');
    await eventually(() => /^data: .*\n\n$/m.test(text));
    const message = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '') as MailHogMessage;
    expect(message).toEqual(await inbox.json(`/api/v1/messages/${await newest()}`));
    leave.abort();
    await reading;
  });

  it('lets only so many read along', async () => {
    const leave = new AbortController();
    const statuses = [];
    for (let count = 0; count < 51; count += 1) statuses.push((await inbox.request('/api/v1/events', { signal: leave.signal })).status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(1);
    leave.abort();
    await eventually(async () => {
      const again = new AbortController();
      const { status } = await inbox.request('/api/v1/events', { signal: again.signal });
      again.abort();
      return status === 200;
    });
  });
});

describe('version 2', () => {
  async function search(query: string): Promise<readonly string[]> {
    const { items } = (await inbox.json(`/api/v2/search?${query}`)) as Found;
    return items.map((item) => item.Raw.To.join());
  }

  beforeEach(async () => {
    await inbox.deliver('From: Anna <anna@shop.example>\nTo: Team <team@x.example>\n\nYour parcel', ['one@x.example']);
    await inbox.deliver('From: Bob\nTo: all\nX-Kind: Parcel\n\nhello', ['two@y.example']);
  });

  it.each([
    ['kind=from&query=ANNA', ['one@x.example']],
    ['kind=from&query=a@example.org', ['two@y.example', 'one@x.example']],
    ['kind=to&query=team@', ['one@x.example']],
    ['kind=to&query=@y.example', ['two@y.example']],
    ['kind=containing&query=parcel', ['two@y.example', 'one@x.example']],
    ['kind=containing&query=nothing', []],
  ])('searches by %s', async (query, found) => {
    expect(await search(query)).toEqual(found);
  });

  it('gives what it found in pages', async () => {
    const found = (await inbox.json('/api/v2/search?kind=containing&query=parcel&start=1&limit=1')) as Found;
    expect({ ...found, items: found.items.length }).toEqual({ total: 2, count: 1, start: 1, items: 1 });
    expect(await search('kind=containing&query=parcel&start=5')).toEqual([]);
  });

  it.each(['kind=body&query=x', 'kind=to', 'query=x'])('refuses %s', async (query) => {
    expect((await inbox.request(`/api/v2/search?${query}`)).status).toBe(400);
  });

  it('has no Jim and no servers to send to', async () => {
    const jim = await inbox.request('/api/v2/jim');
    expect(jim.status).toBe(404);
    expect(await jim.text()).toContain('/api/chaos');
    expect(await inbox.json('/api/v2/outgoing-smtp')).toEqual({});
  });
});
