import { partitionOf, type JournalEvent, type Ticket } from '@posthaste/core';
import { mailStream, openJournal, streamState, trimLog, waitStream } from '@posthaste/stream';
import { silentLog, silentMailLog, systemClock as clock } from '@posthaste/telemetry';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { idOf, sendMail, startNats, startRig, type Nats } from './rig.ts';

type Rig = Awaited<ReturnType<typeof startRig>>;

const windowMs = 120_000;
const log = mailStream(0, 'normal');
const logged: string[] = [];
const mailLog = {
  ...silentMailLog,
  accepted: ({ id }: { id: string }) => void logged.push(`accepted ${id}`),
  replayed: ({ id }: { id: string }) => void logged.push(`replayed ${id}`),
};

let nats: Nats;
let rig: Rig;
/** Remembers nothing of what the first one took. */
let other: Rig;

beforeAll(async () => {
  nats = await startNats();
  rig = await startRig(nats, { windowMs, mailLog });
  other = await startRig(nats, { windowMs });
});

afterEach(() => {
  rig.dismiss();
  other.dismiss();
});

afterAll(async () => {
  await rig.stop();
  await other.stop();
  await nats.stop();
});

let number = 0;

/** A message that no other test sends. */
function message(fields = 'Subject: x\r\n', body = 'hello\r\n'): string {
  return `Message-ID: <${++number}@example.org>\r\n${fields}\r\n${body}`;
}

async function send(text: string, { door = rig, mail = 'MAIL FROM:<a@example.org>', rcpt = 'RCPT TO:<b@example.net>' } = {}): Promise<string> {
  const client = await door.client();
  return idOf(await sendMail(client, text, mail, rcpt));
}

const lastOf = async (stream = log) => (await streamState(rig.connection, stream)).last;

it('answers the same mail with the id of the first, stores nothing, and says so in the mail log', async () => {
  const text = message();
  const first = await send(text);
  const last = await lastOf();
  expect(await send(text)).toBe(first);
  expect(await lastOf()).toBe(last);
  expect(logged.slice(-2)).toEqual([`accepted ${first}`, `replayed ${first}`]);
});

it('takes two relays for one', async () => {
  const text = message();
  const first = await send(text);
  expect(await send(text, { door: other })).toBe(first);
  expect(await send(text, { door: other })).toBe(first);
});

it('gives one id to the same mail on many sessions of two relays at once', async () => {
  const text = message();
  const ids = await Promise.all([rig, other, rig, other, rig].map((door) => send(text, { door })));
  expect(new Set(ids).size).toBe(1);
});

it('passes over the fields that a client or a mail server writes anew when it sends again', async () => {
  const id = `Message-ID: <${++number}@example.org>\r\nSubject: x\r\n`;
  const first = await send(
    `Received: by one.example;\r\n\tThu, 01 May 2031 07:00:00 +0000\r\nDate: Thu, 01 May 2031 07:00:00 +0000\r\n${id}\r\nhello\r\n`,
  );
  expect(await send(`Date: Thu, 01 May 2031 07:05:00 +0000\r\n${id}\r\nhello\r\n`)).toBe(first);
});

it.each([
  ['body', (text: string) => send(`${text}more\r\n`)],
  ['Message-ID', (text: string) => send(text.replace('@example.org', '@other.example'))],
  ['subject', (text: string) => send(text.replace('Subject: x', 'Subject: y'))],
  ['lane', (text: string) => send(`X-Posthaste-Lane: high\r\n${text}`)],
  ['sender', (text: string) => send(text, { mail: 'MAIL FROM:<c@example.org>' })],
  ['recipient', (text: string) => send(text, { rcpt: 'RCPT TO:<c@example.net>' })],
])('takes a mail with another %s for another mail', async (_, sendOther) => {
  const text = message();
  const first = await send(text);
  expect(await sendOther(text)).not.toBe(first);
});

it('takes two mails without a Message-ID for two', async () => {
  const text = `Subject: the same ${++number}\r\n\r\nhello\r\n`;
  expect(await send(text)).not.toBe(await send(text));
});

it('takes every mail for a new one when it is off', async () => {
  const off = await startRig(nats);
  const text = message();
  expect(await send(text, { door: off })).not.toBe(await send(text, { door: off }));
  await off.stop();
});

it('knows a body in chunks again, and mail that waits in WAIT', async () => {
  const large = message('Subject: large\r\n', `${'x'.repeat(998)}\r\n`.repeat(1_000));
  expect(await send(large, { door: other })).toBe(await send(large));
  const later = message(`X-Posthaste-Send-At: ${new Date(clock.now() + 3_600_000).toISOString()}\r\n`);
  const first = await send(later);
  const last = await lastOf(waitStream(0));
  expect(await send(later, { door: other })).toBe(first);
  expect(await lastOf(waitStream(0))).toBe(last);
});

/** What the scheduler does with a mail that it has delivered. */
async function finish(ticket: Ticket, sequence: number): Promise<void> {
  const journal = await openJournal(rig.connection, { partition: 0, owner: 'test', log: silentLog, clock });
  const event: JournalEvent = { kind: 'accepted', at: clock.now(), id: ticket.id, ticket, place: { kind: 'log', lane: 'normal', sequence } };
  await journal.append('events', Buffer.from(JSON.stringify({ epoch: 1, owner: 'test', events: [event] })));
  await trimLog(rig.connection, log, sequence);
}

it('finds the first id in the journal when the mail is delivered and gone, for many at once', async () => {
  const texts = Array.from({ length: 5 }, () => message());
  const ids: string[] = [];
  for (const text of texts) {
    ids.push(await send(text));
    const { entry, ticket } = await rig.newest();
    await finish(ticket, entry.sequence);
  }
  expect(await Promise.all(texts.map((text) => send(text, { door: other })))).toEqual(ids);
});

it('takes the mail as a new one when the stream knows it and nobody can say its id', async () => {
  const text = message();
  const first = await send(text);
  await trimLog(rig.connection, log, await lastOf());
  const second = await send(text, { door: other });
  expect(second).not.toBe(first);
  expect((await rig.newest()).ticket.id).toBe(second);
  expect(await send(text, { door: other })).toBe(second);
});

it('keeps mail apart in a crowd that is stored together', async () => {
  const twice = message();
  const first = await send(twice);
  const durable = await startRig(nats, { windowMs, mode: 'durable', maxConnections: 100 });
  const crowd = [...Array.from({ length: 40 }, () => message()), twice, twice];
  const ids = await Promise.all(crowd.map((text) => send(text, { door: durable })));
  expect(ids.slice(-2)).toEqual([first, first]);
  expect(new Set(ids).size).toBe(41);
  await durable.stop();
});

it('finds the first one again where mail is spread over several partitions', async () => {
  const wide = [await startRig(nats, { windowMs, partitions: 4 }), await startRig(nats, { windowMs, partitions: 4 })] as const;
  const partitions = new Set<number>();
  for (let mail = 0; mail < 12; mail += 1) {
    const text = message();
    const rcpt = `RCPT TO:<b${mail}@example.net>`;
    const first = await send(text, { door: wide[0], rcpt });
    partitions.add(partitionOf(first));
    // The other one remembers nothing: the stream must tell it.
    expect(await send(text, { door: wide[1], rcpt })).toBe(first);
  }
  expect(partitions.size).toBeGreaterThan(1);
  for (const each of wide) await each.stop();
});
