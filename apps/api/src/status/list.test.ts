import { toBinary } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lane, ListMessagesResponseSchema, MessageState, StatusService } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { accepted, delivered, idOf, started } from './example-mail.ts';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
const ids = Array.from({ length: 7 }, (_, number) => idOf(number));

beforeAll(async () => {
  rig = await startRig();
  await rig.record(ids.flatMap((id, number) => [accepted(id), started(id), ...(number < 4 ? [delivered(id)] : [])]));
  await eventually(async () => (await client().listMessages({})).messages.length === ids.length);
});
afterAll(() => rig.stop());

const client = () => createClient(StatusService, createGrpcTransport({ baseUrl: rig.url }));

test('pages follow each other, newest first, without attempts', async () => {
  const first = await client().listMessages({ pageSize: 5 });
  const second = await client().listMessages({ pageSize: 5, pageToken: first.nextPageToken });
  expect([...first.messages, ...second.messages].map(({ id }) => id)).toEqual(ids.toReversed());
  expect(second.nextPageToken).toBe('');
  expect(first.messages[0]?.recipients[0]?.attempts).toEqual([]);
});

test('filters narrow, and what no message comes into is empty', async () => {
  const ask = async (request: Parameters<ReturnType<typeof client>['listMessages']>[0]) => (await client().listMessages(request)).messages.length;
  expect(await ask({ states: [MessageState.DELIVERED], lanes: [Lane.HIGH], tenant: 'acme', upstream: 'inbox', recipient: 'B@example.net' })).toBe(4);
  expect(await ask({ states: [MessageState.SENDING], from: '@example.org', messageIdHeader: '1@x' })).toBe(3);
  expect(await ask({ lanes: [Lane.UNSPECIFIED] })).toBe(0);
  expect(await ask({ states: [MessageState.SUPPRESSED] })).toBe(0);
});

test('a token goes with its filters', async () => {
  const { nextPageToken: pageToken } = await client().listMessages({ pageSize: 2 });
  for (const request of [{ pageToken: 'x' }, { pageToken, tenant: 'acme' }]) {
    expect(await refusalOf(client().listMessages(request))).toMatchObject({
      code: 'InvalidArgument',
      reason: 'INVALID_FIELD',
      fields: [{ field: 'page_token' }],
    });
  }
  expect(await refusalOf(client().listMessages({ pageSize: 1_001 }))).toMatchObject({ reason: 'INVALID_FIELD', fields: [{ field: 'page_size' }] });
});

test('in REST the query narrows', async () => {
  const ask = async (query: string) => {
    const response = await fetch(`${rig.url}/v1/messages?${query}`);
    return { status: response.status, body: (await response.json()) as { readonly messages?: readonly unknown[]; readonly error?: unknown } };
  };
  expect((await ask('states=delivered&states=MESSAGE_STATE_SENDING&page_size=6')).body.messages).toHaveLength(6);
  expect((await ask('states=DELIVERED&acceptedAfter=2023-11-14T22:13:20Z')).body.messages).toHaveLength(4);
  expect((await ask('accepted_before=2023-11-14T22:13:20Z')).body.messages ?? []).toHaveLength(0);
  expect(await ask('colour=red')).toMatchObject({ status: 400, body: { error: { details: [{ reason: 'UNKNOWN_FIELD' }, {}] } } });
  expect(await ask('states=lost')).toMatchObject({ status: 400, body: { error: { status: 'INVALID_ARGUMENT' } } });
});

test('a page of large messages ends before a client would refuse it, and the next one goes on from there', async () => {
  const large = await startRig();
  try {
    const addresses = Array.from({ length: 1_000 }, (_, number) => `${'someone-with-a-long-name'.repeat(2)}-${number}@example.net`);
    const all = Array.from({ length: 80 }, (_, number) => idOf(number));
    // As much as an entry of the journal holds.
    for (let from = 0; from < all.length; from += 8) await large.record(all.slice(from, from + 8).map((id) => accepted(id, addresses)));
    const asked = createClient(StatusService, createGrpcTransport({ baseUrl: large.url }));
    await eventually(async () => (await asked.listMessages({ pageSize: 1 })).messages[0]?.id === all.at(-1), { timeoutMs: 20_000 });
    const pages: string[][] = [];
    let pageToken = '';
    do {
      const page = await asked.listMessages({ pageSize: 1_000, pageToken });
      expect(toBinary(ListMessagesResponseSchema, page).length).toBeLessThan(4 * 1024 * 1024);
      pages.push(page.messages.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(all.toReversed());
  } finally {
    await large.stop();
  }
});

test('notifications are found by the null sender', async () => {
  const id = idOf(7);
  await rig.record([accepted(id, undefined, '')]);
  const found = async () => (await client().listMessages({ from: '<>' })).messages.map((message) => message.id);
  await eventually(async () => (await found()).length > 0);
  expect(await found()).toEqual([id]);
});
