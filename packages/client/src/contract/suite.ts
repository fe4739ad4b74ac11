import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PosthasteClient } from '../client.ts';
import type { Mail } from '../mail.ts';
import { collect } from './collect.ts';
import { operatorsHand } from './operator-suite.ts';

/** A Posthaste whose upstream behaves by `upstreamRules`, and which has `furtherLanes`. */
export interface Stage {
  readonly client: PosthasteClient;
  stop(): Promise<void>;
}

/** Beside the four, with their bases. */
export const furtherLanes = { 'wedding-day': 'high' } as const;

/** What the upstream answers to whom, in the words of a sink's script; everybody else's mail is taken. */
export const upstreamRules = [
  { at: 'rcpt', recipient: 'later@example.net', times: 1, reply: '451 4.2.1 Mailbox busy' },
  { at: 'rcpt', recipient: 'never@example.net', reply: '550 5.1.1 No such user' },
  { at: 'rcpt', recipient: 'slow@example.net', delayMs: 3_000 },
] as const;

const mail: Mail = { from: 'shop@example.org', to: 'ann@example.net', subject: 'Your order', text: 'It is on its way.' };
const hourMs = 3_600_000;
const hence = (ms: number) => new Date(Date.now() + ms);
/** The list is behind by moments. */
const patience = { timeout: 10_000 };
const unknownId = '01890000-0000-7000-8000-000000000000';

/** What every Posthaste owes to this client: the fake and the real one. */
export function clientContract(name: string, start: () => Promise<Stage>): void {
  describe(`the client on ${name}`, () => {
    let stage: Stage | undefined;
    const client = (): PosthasteClient => stage?.client as PosthasteClient;
    beforeAll(async () => {
      stage = await start();
    }, 60_000);
    afterAll(() => stage?.stop());

    describe('one mail', () => {
      oneMail(client);
    });
    describe('many mails', () => {
      manyMails(client);
    });
    describe('its way', () => {
      itsWay(client);
    });
    describe('finding it again', () => {
      findingIt(client);
    });
    describe('attachments', () => {
      attachments(client);
    });
    describe("the operator's hand", () => {
      operatorsHand(client);
    });
  });
}

type Client = () => PosthasteClient;

function oneMail(client: Client): void {
  test('is known by its id from the moment it is accepted', async () => {
    const { id, acceptedAt, replayed } = await client().submit({ ...mail, tags: { order: '17' }, lane: 'high', tenant: 'shop' });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(replayed).toBe(false);
    const status = await client().status(id);
    expect(status).toMatchObject({ id, lane: 'high', tenant: 'shop', tags: { order: '17' }, from: 'shop@example.org', acceptedAt });
    expect(status.recipients.map(({ address }) => address)).toEqual(['ann@example.net']);
  });

  test('is one mail under one key, however often it is handed over', async () => {
    const first = await client().submit(mail, { idempotencyKey: 'order-17' });
    const second = await client().submit(mail, { idempotencyKey: 'order-17' });
    expect(second).toMatchObject({ id: first.id, replayed: true, idempotencyKey: 'order-17' });
    const other = client().submit({ ...mail, subject: 'Another' }, { idempotencyKey: 'order-17' });
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', retryable: false, metadata: { message_id: first.id } });
    expect(await client().submit({ ...mail, tenant: 'default' }, { idempotencyKey: 'order-17' })).toMatchObject({ id: first.id, replayed: true });
  });

  test('is refused with the fields that are wrong', async () => {
    const refused = client().submit({ ...mail, to: ['', 'ann@example.net'] });
    await expect(refused).rejects.toMatchObject({ name: 'PosthasteError', code: 'INVALID_FIELD', fields: [{ field: 'to[0]' }] });
    await expect(client().submit({ from: 'a@example.org', text: 'x' })).rejects.toMatchObject({ code: 'INVALID_FIELD', retryable: false });
  });

  test.each<[string, Partial<Mail>]>([
    ['to[0]', { to: 'ann' }],
    ['cc[0]', { cc: 'Ann <ann@example net>' }],
    ['reply_to[0]', { replyTo: 'help' }],
    ['from', { from: '<>' }],
    ['from', { from: 'Shop <shop@example.org>', subject: '', text: '', raw: 'Subject: a\r\n\r\nb\r\n' }],
    ['headers["Subject"]', { headers: { Subject: 'Another' } }],
    ['headers["X-Posthaste-Lane"]', { headers: { 'X-Posthaste-Lane': 'high' } }],
    ['text', { text: '' }],
    ['raw', { raw: 'Subject: a\r\n\r\nb\r\n' }],
    ['ttl', { ttl: '1h', deadline: hence(hourMs) }],
    ['send_at', { sendAt: hence(400 * 24 * hourMs) }],
    ['deadline', { deadline: hence(-hourMs) }],
    ['deadline', { sendAt: hence(2 * hourMs), deadline: hence(hourMs) }],
    ['attachments[0].reference', { attachments: [{ content: 'a', reference: 'b' }] }],
    ['list_unsubscribe.url', { listUnsubscribe: { mailto: 'off@example.org', oneClick: true } }],
  ])('is refused for what is wrong with %s: %j', async (field, wrong) => {
    await expect(client().submit({ ...mail, ...wrong })).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field }] });
  });

  test.each(['Ann <ann@example.net>', '"Ann, of Aa" <ann@example.net>', '"ann b"@example.net', 'ann@[192.0.2.1]', 'jürgen@müller.example'])(
    'goes to %s',
    async (to) => {
      expect((await client().submit({ ...mail, to, sendAt: hence(hourMs) })).replayed).toBe(false);
    },
  );

  test('waits for its time, and says until when', async () => {
    const sendAt = hence(hourMs);
    const { id } = await client().submit({ ...mail, sendAt });
    const first = async () => (await client().status(id)).recipients[0];
    await expect.poll(first, patience).toMatchObject({ state: 'queued', reason: 'SCHEDULED', dueAt: sendAt });
    expect((await client().status(id.toUpperCase())).id).toBe(id);
  });

  test('is not handed over by a caller who gave up', async () => {
    const reason = new Error('changed my mind');
    const call = client().submit(mail, { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED', cause: reason });
  });
}

function manyMails(client: Client): void {
  const mails = (count: number) => Array.from({ length: count }, (_, number) => ({ ...mail, subject: `Order ${number}` }));

  test('are accepted or refused each by itself, in a batch', async () => {
    const results = await client().submitBatch([mail, { ...mail, to: [] }, { ...mail, ttl: 'soon' }, mail]);
    expect(results.map(({ kind, index }) => `${index} ${kind}`)).toEqual(['0 accepted', '1 refused', '2 refused', '3 accepted']);
    for (const result of results) if (result.kind === 'refused') expect(result.error.code).toBe('INVALID_FIELD');
  });

  test('need not fit one call', async () => {
    const results = await client().submitBatch(mails(1_001));
    const ids = new Set(results.map((result) => result.kind === 'accepted' && result.id));
    expect(ids.size).toBe(1_001);
  });

  test('are streamed from a producer', async () => {
    const results = await collect(client().submitStream(mails(700)));
    expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 700 }, (_, index) => index));
    expect(new Set(results.map((result) => result.kind === 'accepted' && result.id)).size).toBe(700);
  });

  test('are refused each by itself in a stream too', async () => {
    const results = await collect(client().submitStream([mail, { ...mail, to: [] }, mail]));
    expect(results.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted']);
  });
}

function itsWay(client: Client): void {
  test('is watched to its end, through a deferral', async () => {
    const { id } = await client().submit({ ...mail, to: 'later@example.net' });
    const seen = await collect(client().watch(id));
    expect(seen.at(-1)).toMatchObject({ id, state: 'delivered', final: true });
    expect(seen.slice(0, -1).every(({ final }) => !final)).toBe(true);
    expect(await client().status(id)).toMatchObject({ recipients: [{ attemptCount: 2, lastReply: { code: 250 } }] });
  });

  test('is watched on from where another watch has ended', async () => {
    const { id } = await client().submit(mail);
    const [first, ...rest] = await collect(client().watch(id));
    const again = await collect(client().watch(id, { resumeToken: first?.resumeToken ?? '' }));
    expect(again.at(-1)?.state).toBe(rest.at(-1)?.state);
  });

  test('is watched from its present for a token that says nothing, and not again from its end', async () => {
    const { id } = await client().sendAndWait(mail);
    const [end] = await collect(client().watch(id));
    expect(await collect(client().watch(id, { resumeToken: 'nothing' }), ({ state }) => state)).toEqual(['delivered']);
    expect(await collect(client().watch(id, { resumeToken: end?.resumeToken ?? '' }))).toEqual([]);
  });

  test('is waited for', async () => {
    const { settled, message } = await client().sendAndWait({ ...mail, lane: 'immediate' });
    expect({ settled, state: message?.state }).toEqual({ settled: true, state: 'delivered' });
  });

  test('is told when the upstream refuses', async () => {
    const { settled, message } = await client().sendAndWait({ ...mail, to: ['never@example.net', 'ann@example.net'] });
    expect(settled).toBe(true);
    expect(message).toMatchObject({ state: 'partly_delivered', final: true });
    const failed = message?.recipients.find(({ address }) => address === 'never@example.net');
    expect(failed).toMatchObject({ state: 'failed', reason: 'UPSTREAM_REJECTED', lastReply: { code: 550, enhancedCode: '5.1.1' } });
  });

  test('goes on when the wait is over', async () => {
    const { id, settled, message } = await client().sendAndWait({ ...mail, to: 'slow@example.net' }, { timeoutMs: 200 });
    expect({ settled, final: message?.final }).toEqual({ settled: false, final: false });
    expect((await client().status(id)).final).toBe(false);
  });
}

function findingIt(client: Client): void {
  test('by tenant, page by page, newest first', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 5; number += 1) ids.push((await client().submit({ ...mail, tenant: 'paged' })).id);
    for (const id of ids) await collect(client().watch(id));
    const filter = { tenant: 'paged', pageSize: 2 };
    await expect.poll(async () => (await client().listPage({ ...filter, pageSize: 5 })).messages.length, patience).toBe(5);
    expect(await collect(client().list(filter), ({ id }) => id)).toEqual(ids.toReversed());
    const page = await client().listPage(filter);
    expect(page.messages).toHaveLength(2);
    const pageToken = page.nextPageToken ?? '';
    const wrongToken = { code: 'INVALID_FIELD', fields: [{ field: 'page_token' }] };
    await expect(client().listPage({ tenant: 'other', pageToken })).rejects.toMatchObject(wrongToken);
    await expect(client().listPage({ pageToken: 'nothing' })).rejects.toMatchObject(wrongToken);
  });

  test('not between two times that are the wrong way round', async () => {
    const [acceptedAfter, acceptedBefore] = [new Date(2_000), new Date(1_000)];
    await expect(client().listPage({ acceptedAfter, acceptedBefore })).rejects.toMatchObject({
      code: 'INVALID_FIELD',
      fields: [{ field: 'accepted_before', description: 'is earlier than accepted_after: nothing lies between them' }],
    });
    expect((await client().listPage({ acceptedAfter, acceptedBefore: acceptedAfter })).messages).toEqual([]);
  });

  test('by recipient and state', async () => {
    const { id } = await client().sendAndWait({ ...mail, to: 'bob@found.example' });
    const find = () => collect(client().list({ recipient: '@FOUND.example', states: ['delivered'], from: 'shop@example.org' }), (found) => found.id);
    await expect.poll(find, patience).toEqual([id]);
    expect(await collect(client().list({ recipient: '@found.example', states: ['failed'] }))).toEqual([]);
  });

  test('is refused for an id that nobody has', async () => {
    await expect(client().status(unknownId)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND', retryable: false });
    await expect(collect(client().watch(unknownId))).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
    await expect(client().status('17')).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field: 'id' }] });
  });

  test('is counted', async () => {
    await client().sendAndWait(mail);
    const { lanes, totals, upstreams } = await client().stats();
    expect(lanes.map(({ lane }) => lane)).toEqual(['immediate', 'high', 'wedding-day', 'normal', 'low']);
    expect(totals.deliveredCount).toBeGreaterThan(0);
    expect(upstreams.map(({ state }) => state)).toEqual(['up']);
  });
}

function attachments(client: Client): void {
  test('are stored once and named by many mails', async () => {
    const { reference, sizeBytes, expiresAt } = await client().uploadAttachment('a,b\r\n1,2\r\n');
    expect(sizeBytes).toBe(10);
    expect(expiresAt).toBeInstanceOf(Date);
    const named = { ...mail, attachments: [{ filename: 'orders.csv', reference }] };
    const results = await client().submitBatch([named, { ...named, to: 'bob@example.net' }]);
    expect(results.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
  });

  test('are refused by a reference that was never given', async () => {
    const call = client().submit({ ...mail, attachments: [{ reference: 'nothing' }] });
    await expect(call).rejects.toMatchObject({ code: 'ATTACHMENT_NOT_FOUND', retryable: false });
  });
}
