import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@posthaste/telemetry';
import { startFakeUpstream, type FakeUpstream } from '@posthaste/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { targetOf } from './rig.ts';
import { openSession } from './smtp-upstream.ts';
import type { UpstreamTarget } from './upstream-target.ts';

const user = 'shop@example.org';
let folder: string;
let upstream: FakeUpstream | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-login-'));
});
afterEach(async () => {
  await upstream?.close();
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** From now on the upstream takes this password or token alone. */
async function expectSecret(pass: string, options: { readonly explainsTokens?: boolean } = {}): Promise<void> {
  const port = upstream?.port ?? 0;
  await upstream?.close();
  upstream = await startFakeUpstream({ port, auth: { user, pass, ...options } });
}

/** Opens a connection and logs in. */
async function logIn(target: UpstreamTarget): Promise<void> {
  const session = await openSession(target, { clock: systemClock });
  await session.wire.quit();
}

const target = (keys: Readonly<Record<string, unknown>>) => targetOf({ host: '127.0.0.1', port: upstream?.port, user, ...keys });

describe.each(['passwordFile', 'tokenFile'])('the secret in %s', (key) => {
  it('is read anew for each connection', async () => {
    await expectSecret('first');
    const login = target({ [key]: file('secret', 'first\n') });
    await logIn(login);
    await expectSecret('second');
    await expect(logIn(login)).rejects.toMatchObject({ reply: { code: 535 } });
    file('secret', 'second\n');
    await logIn(login);
  });

  it('stays what it was while the file is empty or gone, and a refusal says so', async () => {
    await expectSecret('first');
    const login = target({ [key]: file('secret', 'first') });
    file('secret', '');
    await logIn(login);
    rmSync(join(folder, 'secret'));
    await logIn(login);
    await expectSecret('second');
    await expect(logIn(login)).rejects.toMatchObject({
      reply: { text: expect.stringMatching(/cannot be read: ENOENT.*what it held before was used/) },
    });
  });

  it('is not told when an upstream quotes it', async () => {
    await expectSecret('first');
    upstream?.setScript({ rules: [{ at: 'auth', reply: `535 5.7.8 not first ${Buffer.from('first').toString('base64')}` }] });
    const text: unknown = await logIn(target({ [key]: file('secret', 'first') })).catch((error: Error) => error.message);
    expect(text).toMatch(/not \*\*\* \*\*\*/);
  });
});

it('a token is what stands between the blanks of its file, and one that became blank stays what it was', async () => {
  await expectSecret('t-1');
  const login = target({ tokenFile: file('secret', ' t-1\n\n') });
  await logIn(login);
  file('secret', '\n\n');
  await logIn(login);
  await expectSecret('t-2');
  await expect(logIn(login)).rejects.toMatchObject({ reply: { text: expect.stringMatching(/^User or password is wrong .*is empty/) } });
});

describe('a client of OAuth', () => {
  let provider: Server;
  let asked: Record<string, string>[];
  let answer: () => { status?: number; body: unknown };

  beforeEach(async () => {
    asked = [];
    provider = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        asked.push(Object.fromEntries(new URLSearchParams(body)));
        const { status = 200, body: said } = answer();
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
      });
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    provider.closeAllConnections();
    provider.close();
  });

  const client = () =>
    target({
      oauth: {
        tokenUrl: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/token`,
        clientId: 'c-1',
        clientSecretFile: file('secret', 'hush\n'),
        refreshTokenFile: file('refresh', 'r-1\n'),
      },
    });
  const gives = (token: string) => () => ({ body: { access_token: token, expires_in: 3_600 } });

  it('fetches a token once, and uses it for every connection', async () => {
    await expectSecret('t-1');
    answer = gives('t-1');
    const login = client();
    await logIn(login);
    await logIn(login);
    expect(asked).toEqual([{ client_id: 'c-1', client_secret: 'hush', refresh_token: 'r-1', grant_type: 'refresh_token' }]);
  });

  it('fetches another one after a refusal, and when the refresh token is changed', async () => {
    await expectSecret('t-1');
    answer = gives('t-1');
    const login = client();
    await logIn(login);
    await expectSecret('t-2');
    answer = gives('t-2');
    await expect(logIn(login)).rejects.toMatchObject({ reply: { code: 535 } });
    await logIn(login);
    file('refresh', 'r-2');
    await logIn(login);
    expect(asked.map((each) => each['refresh_token'])).toEqual(['r-1', 'r-1', 'r-2']);
  });

  it('keeps its token when the upstream refuses it for a reason of its own', async () => {
    await expectSecret('t-1');
    answer = gives('t-1');
    upstream?.setScript({ rules: [{ at: 'auth', reply: '454 4.7.0 Temporary authentication failure', times: 1 }] });
    const login = client();
    await expect(logIn(login)).rejects.toMatchObject({ reply: { code: 454 } });
    await logIn(login);
    expect(asked).toHaveLength(1);
  });

  it('fetches another one on the same connection for an upstream that says first why it refuses one', async () => {
    await expectSecret('t-1');
    answer = gives('t-1');
    const login = client();
    await logIn(login);
    await expectSecret('t-2', { explainsTokens: true });
    answer = gives('t-2');
    await logIn(login);
    expect(asked).toHaveLength(2);
  });

  it('does not say of a token that was refused that none was tried, and does not try it again', async () => {
    await expectSecret('t-1');
    answer = gives('t-1');
    const login = client();
    await logIn(login);
    await expectSecret('t-2', { explainsTokens: true });
    answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    await expect(logIn(login)).rejects.toMatchObject({ reply: { code: 0, text: `no access token for ${user}: invalid_grant` } });
    await expectSecret('t-1');
    await expect(logIn(login)).rejects.toMatchObject({ reply: { code: 0 } });
  });

  it('says what the provider said, without the secrets', async () => {
    await expectSecret('t-1');
    answer = () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'r-1 has been revoked' } });
    await expect(logIn(client())).rejects.toMatchObject({
      reply: { code: 0, text: `no access token for ${user}: invalid_grant: *** has been revoked` },
    });
  });
});
