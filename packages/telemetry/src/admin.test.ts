import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@posthaste/protocol/grpc';
import { expect, onTestFinished, test } from 'vitest';
import { createAdminServer } from './admin.ts';

async function start() {
  const state = { ready: true };
  const draining = new AbortController();
  const admin = createAdminServer({
    ready: () => state.ready,
    draining: draining.signal,
    routes: { 'POST /work': (_request, response) => response.writeHead(202).end('begun\n') },
  });
  const baseUrl = `http://127.0.0.1:${await admin.listen({ host: '127.0.0.1', port: 0 })}`;
  onTestFinished(() => admin.close());
  const get = async (path: string, method = 'GET') => (await fetch(`${baseUrl}${path}`, { method })).status;
  return { state, draining, admin, url: baseUrl, get, health: createClient(Health, createGrpcTransport({ baseUrl })) };
}

test('tells by HTTP whether it lives and whether it is ready', async () => {
  const { state, draining, get } = await start();
  expect([await get('/healthz'), await get('/readyz'), await get('/metrics'), await get('/nothing')]).toEqual([200, 200, 200, 404]);
  state.ready = false;
  expect([await get('/healthz'), await get('/readyz')]).toEqual([200, 503]);
  state.ready = true;
  draining.abort();
  expect(await get('/readyz')).toBe(503);
});

test('does what its program adds, by verb and path', async () => {
  const { get } = await start();
  expect([await get('/work', 'POST'), await get('/work')]).toEqual([202, 404]);
});

test.each([{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'same-origin' }])('does not do it for a page in a browser', async (headers) => {
  const { url } = await start();
  expect((await fetch(`${url}/work`, { method: 'POST', headers: new Headers(headers as Record<string, string>) })).status).toBe(403);
});

test('tells the same by gRPC health, on the same port', async () => {
  const { state, health } = await start();
  expect((await health.check({})).status).toBe(Status.SERVING);
  state.ready = false;
  expect((await health.check({})).status).toBe(Status.NOT_SERVING);
  await expect(health.check({ service: 'nobody' })).rejects.toMatchObject({ code: 5 });
});

test('whoever watches hears each change, and NOT_SERVING when the program drains', async () => {
  const { state, draining, health } = await start();
  const heard: Status[] = [];
  for await (const { status } of health.watch({})) {
    heard.push(status);
    if (heard.length === 1) state.ready = false;
    if (heard.length === 2) state.ready = true;
    if (heard.length === 3) draining.abort();
  }
  expect(heard).toEqual([Status.SERVING, Status.NOT_SERVING, Status.SERVING, Status.NOT_SERVING]);
});

test('closes although someone watches', async () => {
  const { admin, health } = await start();
  const watching = (async () => {
    for await (const { status } of health.watch({})) if (status === Status.SERVING) await admin.close();
  })();
  await expect(watching).rejects.toThrow('http/2 stream closed');
});

test('whoever watches hears NOT_SERVING although the program ends at once', async () => {
  const { admin, draining, health } = await start();
  const heard: Status[] = [];
  for await (const { status } of health.watch({})) {
    heard.push(status);
    if (heard.length > 1) continue;
    draining.abort();
    await admin.close();
  }
  expect(heard).toEqual([Status.SERVING, Status.NOT_SERVING]);
});
