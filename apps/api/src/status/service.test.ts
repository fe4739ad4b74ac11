import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeTicket } from '@posthaste/core';
import { AttemptOutcome, Lane, MessageState, Reason, RecipientState, ReplyClass, StatusService } from '@posthaste/protocol';
import { LookupExplanationResponseSchema, LookupMessageResponseSchema } from '@posthaste/protocol/dispatch';
import { eventually } from '@posthaste/testkit';
import { accepted, delivered, idOf, started, ticketOf } from './example-mail.ts';
import { refusalOf, startRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());

const client = () => createClient(StatusService, createGrpcTransport({ baseUrl: rig.url }));
test('a delivered message comes from the ledger with its attempts', async () => {
  const id = idOf(1);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const { message } = await client().getMessage({ id: id.toUpperCase() });
  expect(message).toMatchObject({
    id,
    state: MessageState.DELIVERED,
    tenant: 'acme',
    lane: Lane.HIGH,
    from: 'a@example.org',
    sizeBytes: 321n,
    messageIdHeader: '<1@x>',
    tags: { shop: 'de' },
  });
  expect(message?.recipients).toMatchObject([
    {
      address: 'b@example.net',
      state: RecipientState.DELIVERED,
      attemptCount: 1,
      lastReply: { code: 250, enhancedCode: '2.0.0', text: 'Ok', replyClass: ReplyClass.UNSPECIFIED },
      attempts: [{ id: '1.1', upstream: 'inbox', sender: 's1', outcome: AttemptOutcome.DELIVERED, took: { nanos: 7_000_000 } }],
    },
  ]);
});

test('what waits says why and until when', async () => {
  const id = idOf(2);
  const due = Date.now() + 60_000;
  await rig.record([
    accepted(id),
    started(id),
    { kind: 'deferred', at: 9, id, attempt: '1.1', recipients: [0], reason: 'UPSTREAM_GREYLISTED', reply: { code: 451, text: 'greylisted' }, due },
  ]);
  await eventually(async () => {
    const { message } = await client().getMessage({ id });
    expect(message?.recipients[0]).toMatchObject({
      state: RecipientState.QUEUED,
      reason: Reason.UPSTREAM_GREYLISTED,
      lastReply: { code: 451, replyClass: ReplyClass.GREYLISTED },
      attempts: [{ reply: { replyClass: ReplyClass.GREYLISTED } }],
      dueAt: { seconds: BigInt(Math.floor(due / 1000)) },
    });
    expect(message?.state).toBe(MessageState.QUEUED);
  });
});

test('what is held or cancelled says by whom, and why', async () => {
  const [held, cancelled, unrecorded] = [idOf(40), idOf(41), idOf(42)];
  const by = { author: 'ann', comment: 'wrong price', at: 9_000 };
  await rig.record([
    accepted(held),
    { kind: 'held', id: held, recipients: [0], reason: 'HELD_BY_OPERATOR', ...by },
    accepted(cancelled),
    { kind: 'cancelled', id: cancelled, recipients: [0], tenant: 'acme', ...by },
  ]);
  const intervention = { author: 'ann', comment: 'wrong price', at: { seconds: 9n } };
  await eventually(async () => {
    const { message } = await client().getMessage({ id: held });
    const recipient = { state: RecipientState.HELD, reason: Reason.HELD_BY_OPERATOR, intervention };
    expect(message).toMatchObject({ state: MessageState.HELD, recipients: [recipient] });
  });
  const { message } = await client().getMessage({ id: cancelled });
  const recipient = { state: RecipientState.CANCELLED, reason: Reason.CANCELLED_BY_OPERATOR, intervention };
  expect(message).toMatchObject({ state: MessageState.CANCELLED, recipients: [recipient] });
  const { messages } = await client().listMessages({ states: [MessageState.HELD] });
  expect(messages.map(({ id }) => id)).toEqual([held]);
  const ticketJson = encodeTicket(ticketOf(unrecorded, ['b@example.net']));
  const live = { state: 'held', reason: 'HELD_BY_OPERATOR', attempts: 0, intervention };
  rig.scheduler.known.set(unrecorded, create(LookupMessageResponseSchema, { ticketJson, recipients: [live] }));
  expect((await client().getMessage({ id: unrecorded })).message?.recipients).toMatchObject([{ state: RecipientState.HELD, intervention }]);
});

test('REST gives the message itself', async () => {
  const id = idOf(3);
  await rig.record([accepted(id, ['b@example.net', 'c@example.net']), started(id, [0, 1]), delivered(id, [1])]);
  const response = await fetch(`${rig.url}/v1/messages/${id}`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    id,
    state: 'MESSAGE_STATE_SENDING',
    recipients: [{ state: 'RECIPIENT_STATE_SENDING' }, { state: 'RECIPIENT_STATE_DELIVERED' }],
  });
});

test('what the ledger does not know yet is asked of the scheduler', async () => {
  const id = idOf(4);
  const ticketJson = encodeTicket(ticketOf(id, ['b@example.net']));
  rig.scheduler.known.set(
    id,
    create(LookupMessageResponseSchema, { ticketJson, recipients: [{ state: 'queued', reason: 'UPSTREAM_DOWN', attempts: 0 }] }),
  );
  const { message } = await client().getMessage({ id });
  expect(message).toMatchObject({ id, state: MessageState.QUEUED, recipients: [{ address: 'b@example.net', reason: Reason.UPSTREAM_DOWN }] });
});

test('a message that the scheduler has just finished is found, however far the ledger is behind', async () => {
  for (let number = 100; number < 130; number += 1) {
    const id = idOf(number);
    await rig.record([accepted(id), started(id), delivered(id)]);
    expect((await client().getMessage({ id })).message?.state).toBe(MessageState.DELIVERED);
  }
});

test('why a message waits is asked of the scheduler, over RPC and REST', async () => {
  const id = idOf(5);
  const message = { ticketJson: encodeTicket(ticketOf(id, ['b@example.net'])), recipients: [{ state: 'queued', attempts: 0 }] };
  const gates = [{ reason: Reason.NO_SENDER, detail: { case: 'senders' as const, value: { senderCount: 0n } } }];
  const recipients = [{ address: 'b@example.net', state: RecipientState.QUEUED, gates, upstreams: ['main'] }];
  rig.scheduler.explanations.set(id, create(LookupExplanationResponseSchema, { message, recipients }));
  expect(await client().explainMessage({ id: id.toUpperCase() })).toMatchObject({ message: { id, state: MessageState.QUEUED }, recipients });
  const response = await fetch(`${rig.url}/v1/messages/${id}:explain`);
  expect(await response.json()).toMatchObject({ message: { id }, recipients: [{ gates: [{ reason: 'REASON_NO_SENDER' }] }] });
});

test('what the scheduler has finished has nothing left to pass', async () => {
  const id = idOf(6);
  await rig.record([accepted(id), started(id), delivered(id)]);
  const { message, recipients } = await client().explainMessage({ id });
  expect(message?.state).toBe(MessageState.DELIVERED);
  expect(recipients).toMatchObject([{ address: 'b@example.net', state: RecipientState.DELIVERED, gates: [] }]);
  expect(await refusalOf(client().explainMessage({ id: idOf(999) }))).toMatchObject({ reason: 'MESSAGE_NOT_FOUND' });
});

test('an id that nobody knows is NOT_FOUND', async () => {
  expect(await refusalOf(client().getMessage({ id: idOf(999) }))).toMatchObject({ code: 'NotFound', reason: 'MESSAGE_NOT_FOUND' });
  expect((await fetch(`${rig.url}/v1/messages/${idOf(999)}`)).status).toBe(404);
});

test('what is no id is refused', async () => {
  expect(await refusalOf(client().getMessage({ id: 'x' }))).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD' });
});

test('without the scheduler an unknown id is UNAVAILABLE, never NOT_FOUND', async () => {
  rig.scheduler.stop();
  expect(await refusalOf(client().getMessage({ id: idOf(999) }))).toMatchObject({
    code: 'Unavailable',
    reason: 'SCHEDULER_UNAVAILABLE',
    retryAfterSeconds: 1,
  });
  const response = await fetch(`${rig.url}/v1/messages/${idOf(999)}`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refusalOf(client().explainMessage({ id: idOf(999) }))).toMatchObject({ code: 'Unavailable', reason: 'SCHEDULER_UNAVAILABLE' });
});
