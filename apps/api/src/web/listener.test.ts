import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, expect, test } from 'vitest';
import { SubmissionService } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { createListener, type Listener } from './listener.ts';
import { refusalOf, startRig } from '../rig.ts';

const timeouts = { requestTimeoutMs: 10_000, idleTimeoutMs: 10_000, maxConnections: 10 };
let listener: Listener | undefined;
afterEach(() => listener?.close(0));

/** Answers with the HTTP version, when it is let. */
async function listen(until: Promise<void> = Promise.resolve()) {
  const asked: string[] = [];
  listener = createListener((request, response) => {
    asked.push(request.httpVersion);
    void until.then(() => response.end(request.httpVersion));
  }, timeouts);
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  return { listener, port, asked };
}

async function get2(port: number): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/' });
  let body = '';
  stream.setEncoding('utf8').on('data', (text: string) => (body += text));
  await once(stream, 'close');
  session.close();
  return body;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const bytes of socket) text += String(bytes);
  return text;
}

test('both versions of HTTP are served on one port', async () => {
  const { port } = await listen();
  expect(await get2(port)).toBe('2.0');
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('1.1');
});

test('a request that comes byte by byte is understood', async () => {
  const { port } = await listen();
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  for (const byte of 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n') {
    socket.write(byte);
    await new Promise(setImmediate);
  }
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 OK.*1\.1/s);
});

test('closing lets the requests in hand finish and takes no more', async () => {
  const gate = Promise.withResolvers<void>();
  const { listener, port, asked } = await listen(gate.promise);
  const answers = [fetch(`http://127.0.0.1:${port}/`).then((response) => response.text()), get2(port)];
  await eventually(() => expect(asked.length).toBe(2));
  const closed = listener.close(5_000);
  await eventually(() => expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed'));
  gate.resolve();
  expect(await Promise.all(answers)).toEqual(['1.1', '2.0']);
  await closed;
});

test('closing ends idle connections at once, and stubborn ones after the grace', async () => {
  const { listener, port, asked } = await listen(new Promise(() => {}));
  const idle = connectHttp2(`http://127.0.0.1:${port}`);
  await once(idle, 'connect');
  const stubborn = connect(port, '127.0.0.1');
  stubborn.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => expect(asked.length).toBe(1));
  await Promise.all([listener.close(50), once(idle, 'close'), once(stubborn, 'close')]);
});

test('a request that never becomes complete is refused in time, by every version', async () => {
  const rig = await startRig({ requestTimeoutMs: 100 });
  const slow = connect(rig.port, '127.0.0.1');
  slow.write('POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
  const [first] = (await once(slow, 'data')) as [Buffer];
  expect(String(first)).toMatch(/^HTTP\/1\.1 504 .*DEADLINE_EXCEEDED/s);
  slow.destroy();
  const session = connectHttp2(rig.url);
  const stream = session.request({ ':method': 'POST', ':path': '/v1/messages', 'content-type': 'application/json' });
  stream.write('{');
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(headers[':status']).toBe(504);
  session.destroy();
  await rig.stop();
});

test('while NATS is away a submission is UNAVAILABLE, and it goes on by itself', async () => {
  const rig = await startRig();
  const client = createClient(SubmissionService, createGrpcTransport({ baseUrl: rig.url }));
  const hello = { from: 'a@example.org', to: ['b@example.net'], text: 'hi' };
  rig.nats.kill('SIGSTOP');
  // The signal takes a moment to stop it.
  await eventually(async () =>
    expect(await refusalOf(client.submit(hello))).toMatchObject({ code: 'Unavailable', reason: 'STORAGE_UNAVAILABLE', retryAfterSeconds: 5 }),
  );
  rig.nats.kill('SIGCONT');
  await eventually(async () => expect(await client.submit(hello)).toHaveProperty('id'));
  await rig.stop();
});
