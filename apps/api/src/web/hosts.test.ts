import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ hosts: ['api.example.org'] })));
afterAll(() => rig.stop());

/** fetch lets nobody set Host. */
async function ask(host: string, path: string, { port } = rig): Promise<{ status: number | undefined; body: string }> {
  const method = path.startsWith('/v1') ? 'GET' : 'POST';
  const sent = request(`http://127.0.0.1:${port}${path}`, { method, headers: { host, 'content-type': 'application/json' } }).end(
    method === 'POST' ? '{}' : '',
  );
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

const paths = ['/v1/stats', '/posthaste.v1.StatusService/ListMessages'];

test.each(['127.0.0.1:8080', '[::1]:8080', 'localhost:8080', 'posthaste.localhost', 'api:8080', 'api.example.org', 'API.example.org:80'])(
  'answers to the name %s',
  async (host) => {
    for (const path of paths) expect((await ask(host, path)).status).toBe(200);
  },
);

test.each(['evil.example', 'evil.example:8080', '127.0.0.1.evil.example', 'evil.api.example.org'])(
  'a page of %s that points its name at this machine reads nothing',
  async (host) => {
    for (const path of paths) {
      const { status, body } = await ask(host, path);
      expect(status).toBe(403);
      expect(body).toContain(`the api is not known as ${host}: use an IP address`);
      expect(body).toContain('HOST_NOT_ALLOWED');
    }
  },
);

test('every name is known where the setting says so', async () => {
  const open = await startRig({ hosts: ['*'] });
  try {
    expect((await ask('mail.svc.cluster.local', '/v1/stats', open)).status).toBe(200);
  } finally {
    await open.stop();
  }
});
