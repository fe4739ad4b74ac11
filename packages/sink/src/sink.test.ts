import type { Clock } from '@posthaste/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { openDialog, type SmtpDialog } from './dialog.ts';
import type { Mail } from './mail.ts';
import { defaultKeywords, type Phase, type Script } from './script.ts';
import { createSink, type Sink, type SinkOptions } from './sink.ts';

let sink: Sink;
let mails: Mail[];
let address: { host: string; port: number };

afterEach(() => sink.close());

async function start(script: Script = {}, options: Partial<SinkOptions> = {}): Promise<void> {
  mails = [];
  sink = createSink({ onMail: (mail) => mails.push(mail), script, ...options });
  address = await sink.listen({ host: '127.0.0.1', port: 0 });
}

async function greeted(): Promise<SmtpDialog> {
  const dialog = await openDialog(address);
  await dialog.reply();
  await dialog.say('EHLO client.example');
  return dialog;
}

/** Sends one mail a command at a time up to and with the final dot; the replies from MAIL on. */
async function sendMail(dialog: SmtpDialog, to: readonly string[] = ['b@example.net']): Promise<string[]> {
  const replies = [await dialog.say('MAIL FROM:<a@example.org>')];
  for (const recipient of to) replies.push(await dialog.say(`RCPT TO:<${recipient}>`));
  replies.push(await dialog.say('DATA'));
  if (replies.at(-1)?.startsWith('354') === true) replies.push(await dialog.say('Subject: hi\r\n\r\nhello\r\n.'));
  return replies;
}

describe('without a script', () => {
  it('tells of every MAIL FROM that begins a transaction, when it comes', async () => {
    const senders: string[] = [];
    await start({}, { onMailFrom: (sender) => senders.push(sender) });
    const dialog = await greeted();
    await dialog.say('MAIL FROM:<a@example.org>');
    expect(senders).toEqual(['a@example.org']);
    expect(await dialog.say('MAIL FROM:<b@example.org>')).toMatch(/^503/);
    await dialog.say('RSET');
    await dialog.say('MAIL FROM:<>');
    expect(senders).toEqual(['a@example.org', '']);
    expect(mails).toEqual([]);
  });

  it('takes a mail and records its envelope with all parameters and its very bytes', async () => {
    await start();
    const dialog = await openDialog(address);
    expect(await dialog.reply()).toBe('220 sink.localhost ESMTP');
    expect(await dialog.say('EHLO client.example')).toBe(
      '250-sink.localhost\n250-PIPELINING\n250-8BITMIME\n250-SMTPUTF8\n250-ENHANCEDSTATUSCODES\n250-DSN\n250 SIZE 104857600',
    );
    await dialog.say('MAIL FROM:<ä@example.org> BODY=8BITMIME SMTPUTF8 SIZE=99 RET=HDRS ENVID=e1');
    await dialog.say('RCPT TO:<b@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@example.net');
    expect(await dialog.say('RCPT TO:<c@example.net>')).toBe('250 2.1.5 Ok');
    await dialog.say('DATA');
    dialog.send(Buffer.from([0x41, 0xe4, 0x00, 0x0d, 0x0a, 0x2e, 0x2e, 0x0d, 0x0a, 0x2e, 0x0d, 0x0a]));
    expect(await dialog.reply()).toBe('250 2.0.0 Ok: queued as 1');
    expect(mails[0]).toMatchObject({
      number: 1,
      connection: 1,
      helo: 'client.example',
      from: { address: 'ä@example.org', parameters: { BODY: '8BITMIME', SMTPUTF8: '', SIZE: '99', RET: 'HDRS', ENVID: 'e1' } },
      to: [
        { address: 'b@example.net', parameters: { NOTIFY: 'SUCCESS,DELAY', ORCPT: 'rfc822;b@example.net' } },
        { address: 'c@example.net', parameters: {} },
      ],
      replyLost: false,
    });
    expect(mails[0]?.raw).toEqual(Buffer.from([0x41, 0xe4, 0x00, 0x0d, 0x0a, 0x2e, 0x0d, 0x0a]));
    expect(await dialog.say('QUIT')).toBe('221 2.0.0 Bye');
    await dialog.closed();
  });

  it('answers pipelined commands in order, through several mails in one packet', async () => {
    await start();
    const dialog = await openDialog(address);
    await dialog.reply();
    await dialog.say('EHLO client.example');
    const mail = 'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nhello\r\n.\r\n';
    dialog.send(`${mail}NOOP\r\n${mail}QUIT\r\n`);
    const codes = [];
    for (let count = 0; count < 10; count += 1) codes.push((await dialog.reply()).slice(0, 3));
    expect(codes).toEqual(['250', '250', '354', '250', '250', '250', '250', '354', '250', '221']);
    expect(mails.map((taken) => taken.raw.toString())).toEqual(['hello\r\n', 'hello\r\n']);
  });

  it('takes commands byte by byte', async () => {
    await start();
    const dialog = await greeted();
    for (const byte of 'NOOP\r\n') dialog.send(byte);
    expect(await dialog.reply()).toBe('250 2.0.0 Ok');
  });

  it('refuses commands out of order and with wrong syntax', async () => {
    await start();
    const dialog = await openDialog(address);
    await dialog.reply();
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('503 5.5.1 Send EHLO first');
    expect(await dialog.say('EHLO')).toBe('501 5.5.4 Syntax: EHLO hostname');
    await dialog.say('EHLO client.example');
    expect(await dialog.say('RCPT TO:<b@example.net>')).toBe('503 5.5.1 Need MAIL command');
    expect(await dialog.say('MAIL FROM:a@example.org')).toBe('501 5.5.4 Syntax: MAIL FROM:<address>');
    await dialog.say('MAIL FROM:<a@example.org>');
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('503 5.5.1 Nested MAIL command');
    expect(await dialog.say('DATA')).toBe('554 5.5.1 No valid recipients');
    expect(await dialog.say('RCPT TO:<ü@example.net>')).toBe('553 5.6.7 An address beyond ASCII needs SMTPUTF8');
    expect(await dialog.say('BDAT 3')).toBe('500 5.5.2 Command not known here');
    expect(await dialog.say('RSET')).toBe('250 2.0.0 Ok');
    expect(await dialog.say('DATA')).toBe('503 5.5.1 Need MAIL command');
  });

  it('cuts off a client that sends an endless line', async () => {
    await start();
    const dialog = await greeted();
    dialog.send('x'.repeat(5000));
    expect(await dialog.reply()).toContain('500 5.5.2 Line too long');
    await dialog.closed();
  });

  it('counts connections, also those open at once', async () => {
    await start();
    const dialogs = [await greeted(), await greeted(), await greeted()];
    expect(sink.counts()).toMatchObject({ connections: 3, open: 3, mostOpen: 3 });
    await dialogs[0]?.say('QUIT');
    await dialogs[0]?.closed();
    await greeted();
    expect(sink.counts()).toMatchObject({ connections: 4, mostOpen: 3 });
  });

  it('goes away and comes back on the same port', async () => {
    await start();
    const dialog = await greeted();
    await sink.close();
    await dialog.closed();
    await expect(openDialog(address)).rejects.toThrow('ECONNREFUSED');
    await sink.listen(address);
    expect((await sendMail(await greeted())).at(-1)).toBe('250 2.0.0 Ok: queued as 1');
  });
});

describe('with a script', () => {
  it('refuses what it does not offer', async () => {
    await start({ keywords: defaultKeywords.filter((keyword) => keyword === 'PIPELINING'), maxBytes: 20 });
    const dialog = await greeted();
    expect(await dialog.say('MAIL FROM:<a@example.org> BODY=8BITMIME')).toBe('555 5.5.4 Parameter BODY was not offered');
    expect(await dialog.say('MAIL FROM:<a@example.org> SMTPUTF8')).toBe('555 5.5.4 Parameter SMTPUTF8 was not offered');
    expect(await dialog.say('MAIL FROM:<a@example.org> SIZE=21')).toBe('552 5.3.4 Message size exceeds the limit');
    expect((await sendMail(dialog)).at(-1)).toBe('552 5.3.4 Message size exceeds the limit');
    expect(mails).toEqual([]);
  });

  it('refuses pipelining that it did not offer', async () => {
    await start({ keywords: [] });
    const dialog = await greeted();
    dialog.send('MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n');
    expect(await dialog.reply()).toBe('503 5.5.0 Improper use of pipelining, which was not offered');
    await dialog.closed();
  });

  it.each<[Phase, string]>([
    ['mail', '451 4.3.0 Mail later'],
    ['rcpt', '550 5.1.1 Nobody here'],
    ['data', '452 4.3.1 Full'],
    ['final', '554 5.7.1 Spam'],
  ])('refuses at %s and takes the next mail on the same connection', async (at, reply) => {
    await start({ rules: [{ at, reply, times: 1 }] });
    const dialog = await greeted();
    expect(await sendMail(dialog).catch(() => [])).toContain(reply);
    await dialog.say('RSET');
    expect((await sendMail(dialog)).at(-1)).toBe('250 2.0.0 Ok: queued as 1');
    expect(mails).toHaveLength(1);
  });

  it('refuses single recipients by pattern and delivers to the others', async () => {
    await start({ rules: [{ at: 'rcpt', recipient: '*@BAD.example', reply: '550 5.1.1 Nobody here' }] });
    const replies = await sendMail(await greeted(), ['b@good.example', 'c@bad.example', 'd@worse.bad.example']);
    expect(replies.slice(1, 4)).toEqual(['250 2.1.5 Ok', '550 5.1.1 Nobody here', '250 2.1.5 Ok']);
    expect(mails[0]?.to.map((path) => path.address)).toEqual(['b@good.example', 'd@worse.bad.example']);
  });

  it('lets the first rule that is not used up decide, by sender and count', async () => {
    await start({
      rules: [
        { at: 'mail', sender: 'vip@*' },
        { at: 'mail', times: 2, reply: '451 4.3.0 First two' },
        { at: 'mail', times: 1, reply: '250 2.1.0 Another text' },
      ],
    });
    const replies = [];
    for (const sender of ['a@x.org', 'vip@x.org', 'a@x.org', 'a@x.org', 'a@x.org']) {
      const dialog = await greeted();
      replies.push(await dialog.say(`MAIL FROM:<${sender}>`));
    }
    expect(replies).toEqual(['451 4.3.0 First two', '250 2.1.0 Ok', '451 4.3.0 First two', '250 2.1.0 Another text', '250 2.1.0 Ok']);
  });

  it('closes after 421 and sends a reply of several lines', async () => {
    await start({ rules: [{ at: 'greeting', reply: '421 4.3.2 Shutting down\nCome back later' }] });
    const dialog = await openDialog(address);
    expect(await dialog.reply()).toBe('421-4.3.2 Shutting down\n421 Come back later');
    await dialog.closed();
  });

  it.each<Phase>(['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'body'])('drops the connection at %s and stores nothing', async (at) => {
    await start({ rules: [{ at, drop: true }] });
    const dialog = await openDialog(address);
    dialog.send('EHLO client.example\r\n');
    dialog.send('MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nhello\r\n.\r\n');
    await dialog.closed();
    expect(mails).toEqual([]);
  });

  it('stores the mail and loses the final reply', async () => {
    await start({ rules: [{ at: 'final', drop: true, times: 1 }] });
    await expect(sendMail(await greeted())).rejects.toThrow('closed the connection before a reply');
    expect(mails).toMatchObject([{ number: 1, replyLost: true }]);
    await sendMail(await greeted());
    expect(sink.counts()).toMatchObject({ mails: 2, repliesLost: 1 });
  });

  it('plays a new script at once, in open sessions too', async () => {
    await start();
    const dialog = await greeted();
    sink.setScript({ rules: [{ at: 'mail', reply: '450 4.2.0 Not now' }] });
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('450 4.2.0 Not now');
    expect(() => sink.setScript({ maxBytes: 0 })).toThrow('script.maxBytes is 0: expected a whole number from 1');
    expect(sink.script()).toEqual({ rules: [{ at: 'mail', reply: '450 4.2.0 Not now' }] });
  });
});

describe('latency', () => {
  /** One sleep, watched and ended by hand. */
  async function startSlow(script: Script) {
    const asleep = Promise.withResolvers<number>();
    const awake = Promise.withResolvers<void>();
    const interrupted = Promise.withResolvers<void>();
    const clock: Clock = {
      now: () => 1000,
      monotonic: () => 0,
      sleep: (ms, signal) => {
        asleep.resolve(ms);
        signal?.addEventListener('abort', () => interrupted.resolve());
        return awake.promise;
      },
    };
    await start(script, { clock });
    return { asleep: asleep.promise, wake: () => awake.resolve(), interrupted: interrupted.promise };
  }

  it('delays a reply and keeps the order of pipelined ones', async () => {
    const { asleep, wake } = await startSlow({ rules: [{ at: 'rcpt', delayMs: 5000, times: 1 }] });
    const dialog = await greeted();
    dialog.send('MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n');
    expect(await dialog.reply()).toBe('250 2.1.0 Ok');
    expect(await asleep).toBe(5000);
    wake();
    expect([await dialog.reply(), await dialog.reply(), (await dialog.reply()).slice(0, 3)]).toEqual(['250 2.1.5 Ok', '250 2.1.5 Ok', '354']);
  });

  it('has stored the mail before a delayed final reply', async () => {
    const { asleep, wake } = await startSlow({ rules: [{ at: 'final', delayMs: 5000 }] });
    const sending = sendMail(await greeted());
    await asleep;
    expect(mails).toMatchObject([{ receivedAt: 1000, replyLost: false }]);
    wake();
    expect((await sending).at(-1)).toBe('250 2.0.0 Ok: queued as 1');
  });

  it('reads a long body on after a delay in its middle', async () => {
    const { asleep, wake } = await startSlow({ rules: [{ at: 'body', delayMs: 100 }] });
    const dialog = await greeted();
    dialog.send('MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n');
    for (let count = 0; count < 3; count += 1) await dialog.reply();
    const line = `${'x'.repeat(998)}\r\n`;
    dialog.send(`${line.repeat(2000)}.\r\n`);
    await asleep;
    wake();
    expect(await dialog.reply()).toBe('250 2.0.0 Ok: queued as 1');
    expect(mails[0]?.raw.toString()).toBe(line.repeat(2000));
  });

  it('leaves no timer behind when the client goes', async () => {
    const { asleep, interrupted } = await startSlow({ rules: [{ at: 'mail', delayMs: 5000 }] });
    const dialog = await greeted();
    dialog.send('MAIL FROM:<a@example.org>\r\n');
    await asleep;
    dialog.close();
    await interrupted;
    await sink.close();
    expect(sink.counts().open).toBe(0);
  });
});
