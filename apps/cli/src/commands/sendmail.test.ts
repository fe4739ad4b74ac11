import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '@posthaste/testkit';
import { posthaste } from '../rig.ts';

interface Submitted {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly idempotencyKey: string;
}

let api: Server;
let endpoint: string;
let folder: string;
let submitted: Submitted[] = [];
/** What the api answers to the next calls; 202 after that. */
let statuses: number[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-sendmail-'));
  symlinkSync(join(import.meta.dirname, '../main.ts'), join(folder, 'sendmail'));
  api = createServer((request, response) => void take(request, response)).listen(0, '127.0.0.1');
  await once(api, 'listening');
  endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  submitted.push((await json(request)) as Submitted);
  const status = request.url === '/v1/messages' ? (statuses.shift() ?? 202) : 404;
  const answer = status === 202 ? { id: '019a' } : { error: { message: `refused with ${status}` } };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

beforeEach(() => {
  submitted = [];
  statuses = [];
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
  rmSync(folder, { recursive: true });
});

const message = 'From: shop@example.org\nTo: b@example.net\nBcc: c@example.net\nSubject: x\n\nhi\n.\nmore\n';
const sendmail = (args: readonly string[], input: string = message) =>
  posthaste(['sendmail', ...args], { input, env: { POSTHASTE_ENDPOINT: endpoint } });

describe('posthaste sendmail', () => {
  it('takes a message as PHP hands it over, and says nothing', async () => {
    expect(await sendmail(['-t', '-i', '-fshop@example.org'])).toEqual({ code: 0, out: '', err: '' });
    expect(submitted).toMatchObject([{ from: 'shop@example.org', to: ['b@example.net', 'c@example.net'] }]);
    expect(Buffer.from(submitted[0]?.raw ?? '', 'base64').toString()).toBe(message.replaceAll('\n', '\r\n'));
  });

  it('is sendmail when it is called so', async () => {
    const ran = await posthaste(['-f', 'a@example.org', 'b@example.net'], {
      input: 'hi\n.\nmore\n',
      env: { POSTHASTE_ENDPOINT: endpoint },
      path: join(folder, 'sendmail'),
    });
    expect(ran).toEqual({ code: 0, out: '', err: '' });
    expect(submitted).toMatchObject([{ from: 'a@example.org', to: ['b@example.net'] }]);
    expect(Buffer.from(submitted[0]?.raw ?? '', 'base64').toString()).toBe('From: <a@example.org>\r\nhi\r\n');
  });

  it('tries again what may pass, under one key', async () => {
    statuses = [503, 429];
    expect(await sendmail(['-t'])).toMatchObject({ code: 0 });
    expect(submitted).toHaveLength(3);
    expect(new Set(submitted.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it.each([
    [400, 65],
    [413, 65],
    [401, 77],
    [404, 69],
  ])('answers the refusal %i with the exit code %i, and does not insist', async (status, code) => {
    statuses = [status];
    expect(await sendmail(['-t'])).toEqual({ code, out: '', err: `sendmail: refused with ${status}\n` });
    expect(submitted).toHaveLength(1);
  });

  it('asks to be called again later when the api is away', async () => {
    const { code, err } = await sendmail(['-t', '--endpoint', `http://127.0.0.1:${await freePort()}`]);
    expect(code).toBe(75);
    expect(err).toContain('cannot be reached: connect ECONNREFUSED');
  });

  it('refuses what it cannot serve, and a message without recipients, with EX_USAGE', async () => {
    const [smtp, nobody, wrong] = await Promise.all([
      sendmail(['-bs']),
      sendmail(['-t'], 'Subject: x\n\nhi\n'),
      sendmail(['-t', '--endpoint', 'here']),
    ]);
    expect([smtp.code, nobody.code, wrong.code]).toEqual([64, 64, 64]);
    expect(smtp.err).toContain('connect to the relay');
    expect(submitted).toEqual([]);
  });

  it('has nothing to do for a queue run', async () => {
    expect(await sendmail(['-q'])).toEqual({ code: 0, out: '', err: '' });
  });
});
