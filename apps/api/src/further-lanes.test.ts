import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { LaneTable, readTicket } from '@posthaste/core';
import { Lane, OperatorService, StatusService, SubmissionService } from '@posthaste/protocol';
import { mailStream, readLast, ticketHeader } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusalOf, startRig, type Rig } from './rig.ts';
import { accepted, idOf, ticketOf } from './status/example-mail.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig({ lanes: new LaneTable([{ name: 'wedding-day', base: 'high' }]) })));
afterAll(() => rig.stop());

const transport = () => createGrpcTransport({ baseUrl: rig.url });
const submission = () => createClient(SubmissionService, transport());
const status = () => createClient(StatusService, transport());
const operator = () => createClient(OperatorService, transport());

const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'x', text: 'x' };

async function stored(tenant: string, lane: 'high' | 'normal') {
  const entry = await readLast(rig.connection, mailStream(0, lane), `mail.0.${lane}.${tenant}`);
  return readTicket(entry?.header(ticketHeader));
}

describe('a request names a further lane', () => {
  test.each([
    ['by its name', 'named', { laneName: 'wedding-day' }],
    ['by its name and its base', 'both', { laneName: 'wedding-day', lane: Lane.HIGH }],
  ])('%s', async (_, tenant, fields) => {
    await submission().submit({ ...hello, tenant, ...fields });
    expect(await stored(tenant, 'high')).toMatchObject({ lane: 'high', furtherLane: 'wedding-day' });
  });

  test('in JSON as laneName', async () => {
    const body = JSON.stringify({ ...hello, tenant: 'rest', laneName: 'wedding-day' });
    const response = await fetch(`${rig.url}/v1/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(response.status).toBe(202);
    expect(await stored('rest', 'high')).toMatchObject({ furtherLane: 'wedding-day' });
  });

  test('and one of the four by its name as well', async () => {
    await submission().submit({ ...hello, tenant: 'four', laneName: 'high' });
    expect(await stored('four', 'high')).toMatchObject({ lane: 'high' });
    expect(await stored('four', 'high')).not.toHaveProperty('furtherLane');
  });

  test.each([
    [
      'that there is not',
      { laneName: 'weding-day' },
      'lane_name',
      "is 'weding-day'; expected one of immediate, high, wedding-day, normal, low (did you mean wedding-day?)",
    ],
    [
      'that contradicts the number',
      { laneName: 'wedding-day', lane: Lane.LOW },
      'lane',
      'is low, and lane_name is wedding-day, whose base is high; expected high, or none',
    ],
    [
      'that contradicts the number, of the four',
      { laneName: 'normal', lane: Lane.LOW },
      'lane',
      'is low, and lane_name is normal, whose base is normal',
    ],
    ['in letters that no name has', { laneName: 'Wedding Day' }, 'lane_name', 'lane_name'],
  ])('%s, and is refused', async (_, fields, field, sentence) => {
    const refused = await refusalOf(submission().submit({ ...hello, ...fields }));
    expect(refused).toMatchObject({ code: 'InvalidArgument', reason: 'INVALID_FIELD', fields: [{ field }] });
    expect(refused.message).toContain(sentence);
  });
});

describe('mail of a further lane', () => {
  const ids = [1, 2, 3].map(idOf);
  const [first = '', second = '', third = ''] = ids;

  beforeAll(async () => {
    const of = (id: string, lane: object) => ({ ...accepted(id), ticket: { ...ticketOf(id, ['b@example.net']), ...lane } });
    await rig.record([of(first, { lane: 'high', furtherLane: 'wedding-day' }), of(second, { lane: 'high' }), of(third, { lane: 'low' })]);
    await eventually(async () => (await status().listMessages({})).messages.length === ids.length);
  });

  test('says the name and the base, and other mail its own name', async () => {
    const { message } = await status().getMessage({ id: first });
    expect(message).toMatchObject({ lane: Lane.HIGH, laneName: 'wedding-day' });
    expect((await status().getMessage({ id: third })).message).toMatchObject({ lane: Lane.LOW, laneName: 'low' });
  });

  test('is listed by its name, and not by its base', async () => {
    const listed = async (filter: object) => (await status().listMessages(filter)).messages.map(({ id }) => id);
    expect(await listed({ laneNames: ['wedding-day'] })).toEqual([first]);
    expect(await listed({ lanes: [Lane.HIGH] })).toEqual([second]);
    expect(await listed({ lanes: [Lane.HIGH], laneNames: ['wedding-day'] })).toEqual([second, first]);
    const response = await fetch(`${rig.url}/v1/messages?lane_names=wedding-day&lane_names=low`);
    expect(((await response.json()) as { messages: { id: string }[] }).messages.map(({ id }) => id)).toEqual([third, first]);
    expect(await refusalOf(status().listMessages({ laneNames: ['low', 'lown'] }))).toMatchObject({ fields: [{ field: 'lane_names[1]' }] });
  });

  test('is under its name after an operator changed it, and under the other one after that was changed again', async () => {
    const change = (lane: object) => ({ kind: 'laneChanged', at: 2, id: third, author: 'kim', comment: '', recipients: [0], ...lane }) as never;
    const laneName = async () => (await status().getMessage({ id: third })).message?.laneName;
    await rig.record([change({ lane: 'high', furtherLane: 'wedding-day' })]);
    await eventually(async () => (await laneName()) === 'wedding-day');
    expect((await status().listMessages({ laneNames: ['wedding-day'] })).messages).toHaveLength(2);
    await rig.record([change({ lane: 'low' })]);
    await eventually(async () => (await laneName()) === 'low');
    expect((await status().listMessages({ laneNames: ['wedding-day'] })).messages).toHaveLength(1);
  });
});

describe('an operator', () => {
  test('names it in a selector and puts mail into it', async () => {
    rig.scheduler.operate.progress = { done: true };
    await operator().changeLane({ selector: { laneName: 'wedding-day' }, laneName: 'normal' });
    await operator().changeLane({ selector: { all: true }, laneName: 'wedding-day', lane: Lane.HIGH });
    const heard = rig.scheduler.operate.heard.slice(-2);
    expect(heard.map(({ selector, act }) => [selector?.lane, act.value])).toMatchObject([
      ['wedding-day', { lane: 'normal' }],
      ['', { lane: 'wedding-day' }],
    ]);
  });

  test('must name a lane to put mail into, and one that there is', async () => {
    expect((await refusalOf(operator().changeLane({ selector: { all: true } }))).message).toContain('names no lane');
    expect(await refusalOf(operator().changeLane({ selector: { all: true }, laneName: 'today' }))).toMatchObject({
      fields: [{ field: 'lane_name' }],
    });
    expect(await refusalOf(operator().holdMessages({ selector: { laneName: 'today' } }))).toMatchObject({
      fields: [{ field: 'selector.lane_name' }],
    });
    expect(await refusalOf(operator().createSuspension({ match: { laneName: 'today' } }))).toMatchObject({ fields: [{ field: 'match.lane_name' }] });
  });
});
