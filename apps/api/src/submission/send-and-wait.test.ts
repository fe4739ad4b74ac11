import { create } from '@bufbuild/protobuf';
import { createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeTicket, type JournalEvent } from '@posthaste/core';
import { MessageState, SubmissionService } from '@posthaste/protocol';
import { LookupMessageResponseSchema } from '@posthaste/protocol/dispatch';
import { mailStream, readLast, ticketHeader } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ callTimeoutMs: 1_000 })));
afterAll(() => rig.stop());

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };
const shortly = { seconds: 0n, nanos: 300_000_000 };

/** What the scheduler does with the message of a tenant: it knows it, and in the end journals its delivery. */
async function ticketOf(tenant: string) {
  const entry = await readLast(rig.connection, mailStream(0, 'normal'), `mail.0.normal.${tenant}`);
  const ticketJson = entry.header(ticketHeader) ?? '';
  return { ticketJson, ticket: decodeTicket(ticketJson) };
}

async function know(tenant: string): Promise<string> {
  const { ticketJson, ticket } = await eventuallyHas(() => ticketOf(tenant));
  rig.scheduler.known.set(ticket.id, create(LookupMessageResponseSchema, { ticketJson, recipients: [{ state: 'queued', attempts: 0 }] }));
  return ticket.id;
}

async function deliver(tenant: string): Promise<void> {
  const { ticket } = await eventuallyHas(() => ticketOf(tenant));
  const { id } = ticket;
  const place = { kind: 'log', lane: 'normal', sequence: 1 } as const;
  const attempt = { id, attempt: '1.1', recipients: [0] };
  const events: JournalEvent[] = [
    { kind: 'accepted', at: 1, id, ticket, place },
    { kind: 'started', at: 2, ...attempt, upstream: 'inbox', sender: 's1' },
    { kind: 'delivered', at: 9, ...attempt, tenant, reply: { code: 250, text: 'Ok' }, tookMs: 7 },
  ];
  await rig.record(events);
}

async function eventuallyHas<T>(read: () => Promise<T>): Promise<T> {
  let found: T | undefined;
  await eventually(async () => {
    found = await read();
  });
  return found!;
}

describe.each([
  ['native gRPC', () => createGrpcTransport({ baseUrl: `http://${rig.grpcTarget}` })],
  ['Connect', () => createConnectTransport({ baseUrl: rig.url, httpVersion: '1.1' })],
] as const)('sendAndWait by %s', (name, transport: () => Transport) => {
  const client = () => createClient(SubmissionService, transport());
  const tenantFor = (test: string) => `${test}-${name.replaceAll(' ', '-')}`;

  test('answers when the message is delivered', async () => {
    const tenant = tenantFor('delivered');
    const call = client().sendAndWait({ message: { ...hello, tenant } });
    await deliver(tenant);
    const { accepted, settled, message } = await call;
    expect([settled, message?.state, message?.id]).toEqual([true, MessageState.DELIVERED, accepted?.id]);
  });

  test.each([
    [{ from: 'nobody' }, 'message.from'],
    [{ laneName: 'fast' }, 'message.lane_name'],
    [{ sendAt: { seconds: 9_999_999_999n } }, 'message.send_at'],
  ])('names the field of the message that is wrong: $1', async (wrong, field) => {
    const { message, fields } = await refusalOf(client().sendAndWait({ message: { ...hello, ...wrong } }));
    expect(fields.map((fault) => fault.field)).toEqual([field]);
    expect(message).toContain(`${field}: `);
  });

  test('goes on waiting longer than other calls may take', async () => {
    const tenant = tenantFor('long');
    const call = client().sendAndWait({ message: { ...hello, tenant }, timeout: { seconds: 30n } });
    await know(tenant);
    const late = refusalOf(client().sendAndWait({ message: { ...hello, tenant: tenantFor('other'), to: [] } }));
    expect(await late).toMatchObject({ reason: 'INVALID_FIELD', fields: [{ field: 'message.to' }] });
    await deliver(tenant);
    expect((await call).settled).toBe(true);
  });

  test('answers with the last that was seen when the time is over', async () => {
    const tenant = tenantFor('late');
    const call = client().sendAndWait({ message: { ...hello, tenant }, timeout: shortly });
    const id = await know(tenant);
    expect(await call).toMatchObject({ accepted: { id }, settled: false });
  });

  test('answers before the deadline of the call', async () => {
    const { accepted, settled } = await client().sendAndWait({ message: { ...hello, tenant: tenantFor('deadline') } }, { timeoutMs: 1_500 });
    expect(accepted?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(settled).toBe(false);
  });

  test('says that the message is ours even when nobody can be asked about it', async () => {
    const { accepted, settled, message } = await client().sendAndWait({ message: { ...hello, tenant: tenantFor('nobody') }, timeout: shortly });
    expect(accepted?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect([settled, message]).toEqual([false, undefined]);
  });
});

test('sendAndWait by REST', async () => {
  const response = await fetch(`${rig.url}/v1/messages:sendAndWait`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: { ...hello, tenant: 'rest' }, timeout: '0.3s' }),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ accepted: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown } });
});
