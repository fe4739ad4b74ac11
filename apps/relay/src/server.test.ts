import { createHash } from 'node:crypto';
import { partitionOf } from '@posthaste/core';
import { bodiesStream, mailStream, readChunks, streamState, waitStream } from '@posthaste/stream';
import type { AcceptedLine } from '@posthaste/telemetry';
import { silentMailLog } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idOf, sendMail, startNats, startRig, type Nats } from './rig.ts';

const headers = 'Date: Thu, 01 May 2031 07:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nSubject: hello\r\n';

let nats: Nats;
let rig: Awaited<ReturnType<typeof startRig>>;
const logged: AcceptedLine[] = [];

beforeAll(async () => {
  nats = await startNats();
  rig = await startRig(nats, {
    storageBytes: 2 ** 29,
    limits: { maxRecipients: 3, maxBytes: 21 * 2 ** 20 },
    mailLog: { ...silentMailLog, accepted: (line) => logged.push(line) },
  });
});

afterEach(() => rig.dismiss());

afterAll(async () => {
  await rig.stop();
  await nats.stop();
});

describe('a conversation', () => {
  it('greets at once and advertises what it can', async () => {
    const client = await rig.dial();
    expect(await client.reply()).toBe('220 mx.example.org ESMTP Posthaste');
    expect((await client.say('EHLO client.example')).split('\n')).toEqual([
      '250-mx.example.org greets you',
      '250-PIPELINING',
      '250-8BITMIME',
      '250-SMTPUTF8',
      '250-ENHANCEDSTATUSCODES',
      '250-DSN',
      `250-SIZE ${21 * 2 ** 20}`,
      '250-DELIVERBY',
      expect.stringMatching(/^250-FUTURERELEASE 31622400 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      '250 MT-PRIORITY MIXER',
    ]);
    expect(await client.say('QUIT')).toMatch(/^221 /);
    await client.closed();
  });

  it('accepts a mail, answers with its id, and MAIL has it with its ticket', async () => {
    const client = await rig.client();
    const reply = await sendMail(client, `${headers}\r\nhello\r\n..dot`);
    const { ticket, text } = await rig.newest();
    expect(ticket).toEqual({
      id: idOf(reply),
      tenant: 'default',
      lane: 'normal',
      from: 'a@example.org',
      recipients: [{ address: 'b@example.net' }],
      acceptedAt: expect.any(Number),
      size: text.length,
      messageId: '<1@example.org>',
    });
    expect(partitionOf(ticket.id)).toBe(0);
    expect(text.replace(/^Received: (.|\r\n\t)*\r\n/, '')).toBe(`${headers}\r\nhello\r\n.dot\r\n`);
    expect(text).toMatch(
      new RegExp(
        `^Received: from client.example \\(\\[127.0.0.1\\]\\)\r\n\tby mx.example.org \\(Posthaste\\) with ESMTP id ${ticket.id};\r\n\t.* \\+0000\r\n`,
      ),
    );
    expect(logged.at(-1)).toEqual({
      id: ticket.id,
      lane: 'normal',
      tenant: 'default',
      size: text.length,
      from: 'a@example.org',
      to: ['b@example.net'],
      door: 'ESMTP',
      client: '127.0.0.1',
    });
  });

  it('takes a whole session in one go, and several mails in it', async () => {
    const client = await rig.dial();
    const transaction = 'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n';
    expect(await client.reply()).toMatch(/^220 /);
    client.send(`EHLO c\r\n${transaction}`);
    const replies = [await client.reply(), await client.reply(), await client.reply(), await client.reply()];
    expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['250', '250', '250', '354']);
    client.send(`Subject: 1\r\n\r\none\r\n.\r\n${transaction}`);
    const first = idOf(await client.reply());
    for (const code of ['250', '250', '354']) expect(await client.reply()).toMatch(new RegExp(`^${code} `));
    client.send('Subject: 2\r\n\r\ntwo\r\n.\r\nQUIT\r\n');
    const second = idOf(await client.reply());
    expect(await client.reply()).toMatch(/^221 /);
    expect(second > first).toBe(true);
    expect((await rig.newest()).text).toMatch(/two\r\n$/);
  });

  it('serves a client that knows only HELO', async () => {
    const client = await rig.client('HELO old');
    expect(idOf(await sendMail(client, 'hello'))).toMatch(/-/);
    expect((await rig.newest()).text).toMatch(/with SMTP id/);
  });

  it('forgets a transaction at RSET, and wants commands in their order', async () => {
    const client = await rig.client();
    expect(await client.say('RCPT TO:<b@example.net>')).toMatch(/^503 5\.5\.1/);
    await client.say('MAIL FROM:<a@example.org>');
    await client.say('RCPT TO:<b@example.net>');
    await client.say('RSET');
    expect(await client.say('DATA')).toMatch(/^503 5\.5\.1/);
    expect(await client.say('BDAT 3 LAST')).toMatch(/^500 5\.5\.2/);
  });

  it('sends a mail with a far-off time to WAIT, one with a lane to that lane', async () => {
    const client = await rig.client();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const id = idOf(
      await sendMail(
        client,
        `X-Posthaste-Send-At: ${sendAt}\r\nX-Posthaste-TTL: 1h\r\nX-Posthaste-Tags: a=b\r\nX-Priority: 1 (Highest)\r\n\r\nlater`,
      ),
    );
    const { ticket, entry, text } = await rig.newestOf(waitStream(0));
    expect(ticket).toMatchObject({ id, lane: 'high', due: Date.parse(sendAt), deadline: Date.parse(sendAt) + 3_600_000, tags: { a: 'b' } });
    expect(entry.subject).toBe(`wait.0.${id}`);
    expect(text).not.toMatch(/X-Posthaste/);
    await sendMail(client, 'X-Posthaste-Lane: immediate\r\n\r\nnow');
    expect((await rig.newest('immediate')).ticket.lane).toBe('immediate');
  });

  it('takes lane and times from the parameters of MAIL, over all that the headers say', async () => {
    const client = await rig.client();
    const before = Date.now();
    const headers = 'X-Posthaste-Lane: low\r\nX-Posthaste-TTL: 3d\r\nX-Posthaste-Tags: a=b\r\nX-Priority: 5\r\n';
    await sendMail(client, `${headers}\r\nx`, 'MAIL FROM:<a@example.org> MT-PRIORITY=9 BY=+7200;R HOLDFOR=3600');
    const { ticket, text } = await rig.newestOf(waitStream(0));
    const { acceptedAt, due = 0, deadline = 0 } = ticket;
    expect(ticket).toMatchObject({ lane: 'immediate', tags: { a: 'b' } });
    expect([deadline - due, due >= before + 3_600_000, due <= acceptedAt + 3_600_000]).toEqual([3_600_000, true, true]);
    expect(text).toMatch(/ PRIORITY 9;\r\n(.*\r\n){1}MT-Priority: 9\r\n/);
    expect(logged.at(-1)).toMatchObject({ lane: 'immediate', priority: 9, due });
  });

  it('refuses a mail whose times contradict each other, with who said which', async () => {
    const client = await rig.client();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    expect(await sendMail(client, `X-Posthaste-Send-At: ${sendAt}\r\n\r\nx`, 'MAIL FROM:<a@example.org> BY=60;R')).toMatch(
      /^554 5\.6\.0 deadline \(by BY of MAIL\) is ".*"; expected a time after .*, its send-at \(by X-Posthaste-Send-At\)$/,
    );
    expect(idOf(await sendMail(client, 'x', 'MAIL FROM:<a@example.org> BY=60;R'))).toMatch(/-/);
  });

  it('keeps DSN parameters as they came', async () => {
    const client = await rig.client();
    await sendMail(client, 'x', 'MAIL FROM:<> RET=hdrs ENVID=a+2Bb+3D', 'RCPT TO:<b@example.net> NOTIFY=success,DELAY ORCPT=rfc822;B+2B@example.net');
    expect((await rig.newest()).ticket).toMatchObject({
      from: '',
      dsnReturn: 'HDRS',
      dsnEnvelopeId: 'a+2Bb+3D',
      recipients: [{ address: 'b@example.net', dsnNotify: 'SUCCESS,DELAY', dsnOriginal: 'rfc822;B+2B@example.net' }],
    });
  });

  it('keeps 8-bit and UTF-8 bytes, and says in the ticket what they need', async () => {
    const client = await rig.client();
    await sendMail(client, Buffer.from(`${headers}\r\nlatin \xe9\x80\xff`, 'latin1'), 'MAIL FROM:<a@example.org> BODY=8BITMIME');
    const latin = await rig.newest();
    expect(latin.text).toMatch(/\r\n\r\nlatin \xe9\x80\xff\r\n$/);
    expect([latin.ticket.eightBit, latin.ticket.smtpUtf8]).toEqual([true, undefined]);
    await sendMail(
      client,
      Buffer.from('Subject: gr\u00fc\u00df\r\n\r\nx'),
      'MAIL FROM:<j\u00f6rg@b\u00fccher.example> SMTPUTF8',
      'RCPT TO:<\u7528\u6237@xn--bcher-kva.example>',
    );
    const utf8 = await rig.newest();
    expect(utf8.ticket).toMatchObject({
      smtpUtf8: true,
      from: 'j\u00f6rg@b\u00fccher.example',
      recipients: [{ address: '\u7528\u6237@xn--bcher-kva.example' }],
    });
    expect(Buffer.from(utf8.entry.body).toString()).toMatch(/with UTF8SMTP id(.|\s)*Subject: gr\u00fc\u00df\r\n\r\nx\r\n$/);
  });
});

describe('what is refused', () => {
  it.each([
    ['MAIL FROM:<a@example.org> SIZE=99999999', /^552 5\.3\.4 /],
    ['MAIL FROM:<a@example.org> AUTH=<>', /^555 5\.5\.4 MAIL parameter AUTH is not supported/],
    ['MAIL FROM:<a@example.org> ENVID=a+b', /^501 5\.5\.4 ENVID/],
    ['MAIL FROM:<a@example.org> FOO=1', /^555 5\.5\.4 MAIL parameter FOO is not supported; known are .*MT-PRIORITY, BY, HOLDFOR, HOLDUNTIL$/],
    ['MAIL FROM:<a@example.org> MT-PRIORITY=10', /^501 5\.5\.2 MT-PRIORITY is "10"/],
    ['MAIL FROM:<a@example.org> MT-PRIORITY=1 MT-PRIORITY=1', /^501 /],
    ['MAIL FROM:<a@example.org> BY=5;N', /^555 5\.3\.3 BY with mode N/],
    ['MAIL FROM:<a@example.org> BY=0;R', /^501 5\.5\.4 BY is "0;R"/],
    ['MAIL FROM:<a@example.org> HOLDFOR=10 BY=+5;R', /^501 5\.5\.4 BY ends before/],
    ['MAIL FROM:<a@example.org> HOLDUNTIL=2031-02-30T08:00:00Z', /^501 5\.5\.4 HOLDUNTIL is/],
    ['RCPT TO:<a@example.org> BY=5;R', /^503 /],
    ['MAIL FROM:<j\u00f6rg@example.org>', /^553 5\.6\.7 /],
    ['MAIL FROM:a@example.org', /^501 5\.1\.7 /],
  ])('%s', async (line, reply) => {
    const client = await rig.client();
    expect(await client.say(line)).toMatch(reply);
  });

  it('a recipient too many, so that the others go on', async () => {
    const client = await rig.client();
    await client.say('MAIL FROM:<a@example.org>');
    for (const name of ['1', '2', '2', '3']) expect(await client.say(`RCPT TO:<${name}@example.net>`)).toMatch(/^250 /);
    expect(await client.say('RCPT TO:<4@example.net>')).toMatch(/^452 4\.5\.3 /);
    expect(await client.say('RCPT TO:<4@example.net> FOO=1')).toMatch(/^555 5\.5\.4 /);
    await client.say('DATA');
    expect(idOf(await client.say('x\r\n.'))).toMatch(/-/);
    expect((await rig.newest()).ticket.recipients.map(({ address }) => address)).toEqual(['1@example.net', '2@example.net', '3@example.net']);
  });

  it('a control header that cannot be understood', async () => {
    const client = await rig.client();
    expect(await sendMail(client, 'X-Posthaste-Lane: fast\r\n\r\nx')).toBe(
      '554 5.6.0 X-Posthaste-Lane is "fast"; expected one of immediate, high, normal, low',
    );
    expect(idOf(await sendMail(client, 'x'))).toMatch(/-/);
  });

  it('clients beyond the limit', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => rig.dial()));
    await Promise.all(clients.map((client) => client.reply()));
    const late = await rig.dial();
    expect(await late.reply()).toMatch(/^421 /);
    rig.dismiss();
    await eventually(async () => (await (await rig.dial()).reply()).startsWith('220'));
  });
});

describe('smuggling', () => {
  it.each(['\n.\n', '\r\n.\n', '\n.\r\n', '\r.\r', '\r\n.\r', '\n.\r\nx\r\n', '\r\n\0.\r\n'])('%j does not end a message', async (end) => {
    const client = await rig.client();
    const before = await streamState(rig.connection, mailStream(0, 'normal'));
    const smuggled = 'MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nevil';
    const id = idOf(await sendMail(client, `${headers}\r\nbefore${end}${smuggled}`));
    expect(await client.say('NOOP')).toMatch(/^250 /);
    const { ticket, text } = await rig.newest();
    expect(ticket).toMatchObject({ id, from: 'a@example.org' });
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text).toContain('DATA\r\nevil\r\n');
    expect((await streamState(rig.connection, mailStream(0, 'normal'))).messages).toBe(before.messages + 1);
  });

  it('does not depend on how the bytes are cut', async () => {
    const client = await rig.client();
    await client.say('MAIL FROM:<a@example.org>');
    await client.say('RCPT TO:<b@example.net>');
    await client.say('DATA');
    const message = Buffer.from('Subject: x\r\n\r\n..\r\n...\r\na\n.\n\r\n.b\r\n..c\r\n.\r\nNOOP\r\n');
    for (const byte of message) client.send(Buffer.from([byte]));
    expect(idOf(await client.reply())).toMatch(/-/);
    expect(await client.reply()).toMatch(/^250 /);
    expect((await rig.newest()).text).toMatch(/\r\n\r\n\.\r\n\.\.\r\na\r\n\.\r\n\r\n\.b\r\n\.c\r\n$/);
  });
});

describe('a large message', () => {
  it('of 20 MiB is stored in chunks while it comes in, byte for byte', async () => {
    const client = await rig.client();
    const line = `${'x'.repeat(70)}\xff\r\n`;
    const body = Buffer.from(line.repeat(Math.ceil((20 * 2 ** 20) / line.length)), 'latin1');
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, rig.publisher.pendingBytes)), 1);
    const reply = await sendMail(client, Buffer.concat([Buffer.from(`${headers}\r\n`), body]));
    clearInterval(watch);
    const { ticket, entry } = await rig.newest();
    expect(ticket.id).toBe(idOf(reply));
    expect(entry.body).toHaveLength(0);
    expect(most).toBeLessThan(3 * 2 ** 20);
    const hash = createHash('sha256');
    const pieces: Buffer[] = [];
    for await (const chunk of readChunks(rig.connection, 0, ticket.id, ticket.chunked?.count ?? 0, ticket.chunked?.digest ?? ''))
      pieces.push(Buffer.from(hash.update(chunk) && chunk));
    const stored = Buffer.concat(pieces);
    expect(stored).toHaveLength(ticket.size);
    expect(stored.subarray(stored.indexOf('\r\n\r\n') + 4).equals(Buffer.concat([body, Buffer.from('\r\n')]))).toBe(true);
  });

  it('above the limit is refused after its end, and the session goes on', async () => {
    const client = await rig.client();
    expect(await sendMail(client, Buffer.concat([Buffer.from(`${headers}\r\n`), Buffer.alloc(22 * 2 ** 20, 'x')]))).toMatch(
      /^552 5\.3\.4 the message is too large; expected at most 22020096 bytes/,
    );
    expect(idOf(await sendMail(client, 'x'))).toMatch(/-/);
  });

  it('that breaks off leaves no mail behind', async () => {
    const client = await rig.client();
    const before = await streamState(rig.connection, mailStream(0, 'normal'));
    await client.say('MAIL FROM:<a@example.org>');
    await client.say('RCPT TO:<b@example.net>');
    await client.say('DATA');
    const chunksBefore = (await streamState(rig.connection, bodiesStream)).messages;
    client.send(Buffer.alloc(3 * 2 ** 20, 'x\r\n'));
    await eventually(async () => (await streamState(rig.connection, bodiesStream)).messages > chunksBefore);
    client.close();
    const other = await rig.client();
    await sendMail(other, 'x');
    expect((await streamState(rig.connection, mailStream(0, 'normal'))).messages).toBe(before.messages + 1);
  });
});
