import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { createFakePosthaste, type FakePosthaste } from '../fake/index.ts';

/** A fake that other programs reach. */
export interface ServedFake {
  readonly fake: FakePosthaste;
  /** Of its port, which speaks HTTP/2 in clear text. */
  readonly address: string;
  close(): Promise<void>;
}

export async function serveFake(): Promise<ServedFake> {
  const fake = createFakePosthaste();
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(connectNodeAdapter({ routes: fake.routes }));
  server.on('session', (session) => sessions.add(session));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    fake,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const session of sessions) session.destroy();
      await promiseOf((done) => server.close(done));
    },
  };
}

function promiseOf(act: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => act(resolve));
}
