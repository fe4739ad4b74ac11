import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { encodeTicket, type JournalEvent } from '@posthaste/core';
import { MessageState, StatusService, type WatchMessageResponse } from '@posthaste/protocol';
import { LookupMessageResponseSchema } from '@posthaste/protocol/dispatch';
import { eventually } from '@posthaste/testkit';
import { accepted, delivered, idOf, started, ticketOf } from './example-mail.ts';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());

const { QUEUED, SENDING, DELIVERED } = MessageState;

const transports: Readonly<Record<string, () => Transport>> = {
  gRPC: () => createGrpcTransport({ baseUrl: rig.url }),
  'gRPC on its own port': () => createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` }),
  Connect: () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' }),
  'gRPC-Web': () => createGrpcWebTransport({ baseUrl: rig.url, httpVersion: '1.1' }),
};

/** Collects what a watch tells; `done` settles with the call. */
function watch(id: string, { transport = transports['gRPC']!(), resumeToken = '', signal }: WatchOptions = {}) {
  const told: WatchMessageResponse[] = [];
  const read = async () => {
    for await (const answer of createClient(StatusService, transport).watchMessage({ id, resumeToken }, signal ? { signal } : {})) told.push(answer);
  };
  return { told, done: read() };
}

interface WatchOptions {
  readonly transport?: Transport;
  readonly resumeToken?: string;
  readonly signal?: AbortSignal;
}

const statesOf = (told: readonly WatchMessageResponse[]) => told.map(({ message }) => message?.state);

/** Records the events when what was told so far ends with `state`. */
async function then(told: readonly WatchMessageResponse[], state: MessageState, events: readonly JournalEvent[]): Promise<void> {
  await eventually(() => expect(told.at(-1)?.message?.state).toBe(state));
  await rig.record(events);
}

test.each(Object.keys(transports))('by %s each change is told, and the final state ends the call', async (name) => {
  const id = idOf(100 + Object.keys(transports).indexOf(name));
  await rig.record([accepted(id)]);
  const { told, done } = watch(id, { transport: transports[name]!() });
  await then(told, QUEUED, [started(id)]);
  await then(told, SENDING, [delivered(id)]);
  await done;
  expect(statesOf(told)).toEqual([QUEUED, SENDING, DELIVERED]);
  expect(told.at(-1)?.message?.recipients[0]?.attempts).toHaveLength(1);
});

test('a final message is told once', async () => {
  const id = idOf(201);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const { told, done } = watch(id);
  await done;
  expect(statesOf(told)).toEqual([DELIVERED]);
});

test('what a token stands for is not told again, and what came after it is', async () => {
  const id = idOf(202);
  await rig.record([accepted(id)]);
  const gone = new AbortController();
  const first = watch(id, { signal: gone.signal });
  await eventually(() => expect(statesOf(first.told)).toEqual([QUEUED]));
  gone.abort();
  await expect(first.done).rejects.toThrow();
  const second = watch(id, { resumeToken: first.told[0]!.resumeToken });
  await rig.record([started(id), delivered(id)]);
  await second.done;
  expect(statesOf(second.told).at(-1)).toBe(DELIVERED);
  expect(statesOf(second.told)).not.toContain(QUEUED);
  const third = watch(id, { resumeToken: second.told.at(-1)!.resumeToken });
  await third.done;
  expect(third.told).toEqual([]);
});

test('a token of another ledger tells at worst the same again', async () => {
  const id = idOf(203);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const { told, done } = watch(id, { resumeToken: 'of-long-ago' });
  await done;
  expect(statesOf(told)).toEqual([DELIVERED]);
});

test('mail that is younger than the ledger is watched from what the scheduler says', async () => {
  const id = idOf(204);
  const ticketJson = encodeTicket(ticketOf(id, ['b@example.net']));
  rig.scheduler.known.set(id, create(LookupMessageResponseSchema, { ticketJson, recipients: [{ state: 'queued', attempts: 0 }] }));
  const { told, done } = watch(id);
  await then(told, QUEUED, [accepted(id), started(id), delivered(id)]);
  await done;
  expect(statesOf(told)).toEqual([QUEUED, DELIVERED]);
});

test('an id that nobody knows is NOT_FOUND, and one that is none is refused', async () => {
  expect(await refusalOf(watch(idOf(999)).done)).toMatchObject({ code: 'NotFound', reason: 'MESSAGE_NOT_FOUND' });
  expect(await refusalOf(watch('x').done)).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD' });
});

test('a thousand watchers of a few messages all see the end', async () => {
  const ids = Array.from({ length: 50 }, (_, number) => idOf(300 + number));
  await rig.record(ids.map((id) => accepted(id)));
  // A connection carries at most 250 calls at once, and this client opens one connection.
  const clients = Array.from({ length: 5 }, () => createGrpcTransport({ baseUrl: rig.url }));
  const watches = Array.from({ length: 1_000 }, (_, number) => watch(ids[number % ids.length]!, { transport: clients[number % clients.length]! }));
  await eventually(() => expect(watches.filter(({ told }) => told.length > 0)).toHaveLength(1_000), { timeoutMs: 30_000 });
  await rig.record(ids.flatMap((id) => [started(id), delivered(id)]));
  await Promise.all(watches.map(({ done }) => done));
  expect(watches.filter(({ told }) => told.at(-1)?.message?.state !== DELIVERED)).toEqual([]);
}, 60_000);

interface Events {
  readonly response: IncomingMessage;
  readonly text: () => string;
}

/** What a browser's EventSource asks for. */
function listen(path: string, headers: Record<string, string> = {}): Promise<Events> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${rig.url}${path}`, { headers: { accept: 'text/event-stream', ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      resolve({ response, text: () => text });
    });
    request.on('error', reject).end();
  });
}

test('in REST each change is an event with its token as id', async () => {
  const id = idOf(401);
  await rig.record([accepted(id)]);
  const { response, text } = await listen(`/v1/messages/${id}:watch`);
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  await eventually(() => expect(text()).toContain('MESSAGE_STATE_QUEUED'));
  await rig.record([started(id), delivered(id)]);
  await eventually(() => expect(response.complete).toBe(true));
  const last = text().trim().split('\n\n').at(-1)!;
  expect(last).toMatch(/^event: message\nid: [\w-]{20}\ndata: \{"message":\{"id":".*"state":"MESSAGE_STATE_DELIVERED"/);
});

test('a browser that comes back with its last event is told what it missed, or that there is no more', async () => {
  const id = idOf(402);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const { text, response } = await listen(`/v1/messages/${id}:watch`, { 'last-event-id': 'of-long-ago' });
  await eventually(() => expect(response.complete).toBe(true));
  const token = /^id: (.*)$/m.exec(text())?.[1] ?? '';
  expect((await listen(`/v1/messages/${id}:watch`, { 'last-event-id': token })).response.statusCode).toBe(204);
});

test('a watch that cannot begin is an error like any other', async () => {
  const response = await fetch(`${rig.url}/v1/messages/${idOf(999)}:watch`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { status: 'NOT_FOUND' } });
});

/** How many watches of the rig are open: each is one subscription to its ledger. */
function countWatches(): () => number {
  let open = 0;
  const subscribe = rig.ledger.subscribe.bind(rig.ledger);
  const spy = vi.spyOn(rig.ledger, 'subscribe').mockImplementation((id, listener) => {
    open += 1;
    const leave = subscribe(id, listener);
    return () => {
      open -= 1;
      leave();
    };
  });
  onTestFinished(() => spy.mockRestore());
  return () => open;
}

/** Watches over a connection of its own, and returns that connection. */
const ownConnections: Readonly<Record<string, (id: string) => Socket>> = {
  gRPC(id) {
    const socket = connect(rig.port, '127.0.0.1');
    const { done } = watch(id, { transport: createGrpcTransport({ baseUrl: rig.url, nodeOptions: { createConnection: () => socket } }) });
    done.catch(() => {});
    return socket;
  },
  'REST over HTTP/2'(id) {
    const socket = connect(rig.port, '127.0.0.1');
    const session = connectHttp2(rig.url, { createConnection: () => socket }).on('error', () => {});
    const events = session.request({ ':path': `/v1/messages/${id}:watch`, accept: 'text/event-stream' });
    events.on('error', () => {}).resume();
    return socket;
  },
  'REST over HTTP/1.1'(id) {
    const socket = connect(rig.port, '127.0.0.1').on('error', () => {});
    socket.write(`GET /v1/messages/${id}:watch HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n`);
    return socket.resume();
  },
};

test.each(Object.keys(ownConnections))('a watch by %s ends when the connection of its client breaks', async (name) => {
  const watches = countWatches();
  const id = idOf(450 + Object.keys(ownConnections).indexOf(name));
  await rig.record([accepted(id)]);
  const socket = ownConnections[name]!(id);
  await eventually(() => expect(watches()).toBe(1));
  socket.destroy();
  await eventually(() => expect(watches()).toBe(0));
});

test('what drains says so to all who watch, in every protocol', async () => {
  const draining = await startRig();
  const id = idOf(501);
  await draining.record([accepted(id)]);
  const own = watch(id, { transport: createGrpcTransport({ baseUrl: draining.url }) });
  const events = await fetch(`${draining.url}/v1/messages/${id}:watch`);
  await eventually(() => expect(own.told).toHaveLength(1));
  const refused = refusalOf(own.done);
  await draining.server.close(5_000);
  expect(await refused).toMatchObject({ code: 'Unavailable', reason: 'UNAVAILABLE' });
  expect(await events.text()).toMatch(/event: error\ndata: \{"error":\{"code":503/);
  await draining.stop();
});
