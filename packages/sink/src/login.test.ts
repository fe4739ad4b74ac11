import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDialog, type SmtpDialog } from './dialog.ts';
import type { Mail } from './mail.ts';
import { createSink, type Address, type Sink, type SinkOptions } from './sink.ts';
import { testCertificate } from './test-certificate.ts';

let sink: Sink;
let mails: Mail[];
let address: Address;

beforeEach(() => {
  mails = [];
});
afterEach(() => sink.close());

async function start(options: Partial<SinkOptions>): Promise<SmtpDialog> {
  sink = createSink({ onMail: (mail) => mails.push(mail), ...options });
  address = await sink.listen({ host: '127.0.0.1', port: 0 });
  return greet(await openDialog(address));
}

async function greet(dialog: SmtpDialog): Promise<SmtpDialog> {
  await dialog.reply();
  await dialog.say('EHLO client.example');
  return dialog;
}

async function sendMail(dialog: SmtpDialog): Promise<string> {
  for (const line of ['MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA']) await dialog.say(line);
  return dialog.say('Subject: hi\r\n\r\nhello\r\n.');
}

const auth = { user: 'anna', pass: 'pässword' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = base64('\0anna\0pässword');

describe('STARTTLS', () => {
  it('is on offer until it is done, and the mail says that it came that way', async () => {
    const dialog = await start({ tls: testCertificate });
    expect(await dialog.say('EHLO client.example')).toContain('STARTTLS');
    expect(await dialog.say('STARTTLS')).toBe('220 2.0.0 Ready to start TLS');
    await dialog.secure(testCertificate.cert);
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('503 5.5.1 Send EHLO first');
    expect(await dialog.say('EHLO client.example')).not.toContain('STARTTLS');
    expect(await dialog.say('STARTTLS')).toBe('503 5.5.1 TLS is active already');
    expect(await sendMail(dialog)).toBe('250 2.0.0 Ok: queued as 1');
    expect(mails).toMatchObject([{ secured: true }]);
  });

  it('forgets what was sent in clear behind it', async () => {
    const dialog = await start({ tls: testCertificate });
    dialog.send('STARTTLS\r\nEHLO attacker.example\r\nMAIL FROM:<attacker@example.org>\r\n');
    expect(await dialog.reply()).toBe('220 2.0.0 Ready to start TLS');
    await dialog.secure(testCertificate.cert);
    expect(await dialog.say('NOOP')).toBe('250 2.0.0 Ok');
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('503 5.5.1 Send EHLO first');
  });

  it('is refused or cut off by script', async () => {
    const dialog = await start({
      tls: testCertificate,
      script: {
        rules: [
          { at: 'starttls', reply: '454 4.7.0 Not now', times: 1 },
          { at: 'starttls', drop: true },
        ],
      },
    });
    expect(await dialog.say('STARTTLS')).toBe('454 4.7.0 Not now');
    dialog.send('STARTTLS\r\n');
    await dialog.closed();
  });

  it('ends the session of a client that cannot shake hands, and goes on with others', async () => {
    const dialog = await start({ tls: testCertificate });
    await dialog.say('STARTTLS');
    dialog.send('this is no handshake\r\n');
    await dialog.closed();
    expect(await sendMail(await greet(await openDialog(address)))).toBe('250 2.0.0 Ok: queued as 1');
  });

  it('cannot be had without a certificate', async () => {
    expect(await (await start({})).say('STARTTLS')).toBe('502 5.5.1 STARTTLS is not possible here');
  });

  it('is cut off by close, as all else', async () => {
    const dialog = await start({ tls: testCertificate });
    await dialog.say('STARTTLS');
    await dialog.secure(testCertificate.cert);
    await sink.close();
    await dialog.closed();
    expect(sink.counts().open).toBe(0);
  });
});

it('speaks TLS from the first byte when that is asked for', async () => {
  sink = createSink({ onMail: (mail) => mails.push(mail), tls: { ...testCertificate, implicit: true } });
  const socket = connectTls({ ...(await sink.listen({ host: '127.0.0.1', port: 0 })), ca: testCertificate.cert });
  const [greeting] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
  expect(greeting).toBe('220 sink.localhost ESMTP\r\n');
  socket.destroy();
});

describe('AUTH', () => {
  it('comes before mail, by PLAIN in one line', async () => {
    const dialog = await start({ auth });
    expect(await dialog.say('EHLO client.example')).toContain('AUTH PLAIN LOGIN');
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 Authentication required');
    expect(await dialog.say(`AUTH PLAIN ${plain}`)).toBe('235 2.7.0 Welcome');
    expect(await dialog.say(`AUTH PLAIN ${plain}`)).toBe('503 5.5.1 AUTH is not possible now');
    await sendMail(dialog);
    expect(mails).toMatchObject([{ user: 'anna', secured: false }]);
  });

  it.each([
    ['PLAIN', [''], [plain]],
    ['LOGIN', ['Username:', 'Password:'], [base64('anna'), base64('pässword')]],
    [`LOGIN ${base64('anna')}`, ['Password:'], [base64('pässword')]],
  ])('asks after AUTH %s', async (argument, challenges, answers) => {
    const dialog = await start({ auth });
    const replies = [await dialog.say(`AUTH ${argument}`)];
    for (const answer of answers) replies.push(await dialog.say(answer));
    expect(replies).toEqual([...challenges.map((text) => `334 ${base64(text)}`.trimEnd()), '235 2.7.0 Welcome']);
  });

  it.each([
    [`PLAIN ${base64('\0anna\0wrong')}`, '535 5.7.8 User or password is wrong'],
    [`PLAIN ${base64('anna')}`, '501 5.5.2 Cannot decode the base64'],
    ['PLAIN ***', '501 5.5.2 Cannot decode the base64'],
    ['PLAIN =', '501 5.5.2 Cannot decode the base64'],
    ['CRAM-MD5', '504 5.5.4 Mechanism not known here: PLAIN, LOGIN and XOAUTH2 are'],
  ])('refuses %s', async (argument, reply) => {
    const dialog = await start({ auth });
    expect(await dialog.say(`AUTH ${argument}`)).toBe(reply);
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 Authentication required');
  });

  it('tells first why it refuses a token, where it is one that explains', async () => {
    const bearer = (token: string) => `AUTH XOAUTH2 ${base64(`user=anna\u0001auth=Bearer ${token}\u0001\u0001`)}`;
    const dialog = await start({ auth: { ...auth, explainsTokens: true } });
    expect(await dialog.say(bearer('wrong'))).toMatch(/^334 \S+$/);
    expect(await dialog.say('')).toBe('535 5.7.8 User or password is wrong');
    expect(await dialog.say(bearer(auth.pass))).toBe('235 2.7.0 Welcome');
  });

  it('can be cancelled half way', async () => {
    const dialog = await start({ auth });
    await dialog.say('AUTH LOGIN');
    expect(await dialog.say('*')).toBe('501 5.7.0 Authentication cancelled');
    expect(await dialog.say('NOOP')).toBe('250 2.0.0 Ok');
  });

  it('waits for TLS where there is TLS', async () => {
    const dialog = await start({ auth, tls: testCertificate });
    expect(await dialog.say('EHLO client.example')).not.toContain('AUTH');
    expect(await dialog.say(`AUTH PLAIN ${plain}`)).toBe('530 5.7.0 Must issue a STARTTLS command first');
    await dialog.say('STARTTLS');
    await dialog.secure(testCertificate.cert);
    expect(await dialog.say('EHLO client.example')).toContain('AUTH PLAIN LOGIN');
    expect(await dialog.say(`AUTH PLAIN ${plain}`)).toBe('235 2.7.0 Welcome');
  });

  it('is refused by script though the password is right', async () => {
    const dialog = await start({ auth, script: { rules: [{ at: 'auth', reply: '454 4.7.0 Temporary failure', times: 1 }] } });
    expect(await dialog.say(`AUTH PLAIN ${plain}`)).toBe('454 4.7.0 Temporary failure');
    expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 Authentication required');
    expect(await dialog.say(`AUTH PLAIN ${plain}`)).toBe('235 2.7.0 Welcome');
  });

  it('cannot be had without a user', async () => {
    expect(await (await start({})).say(`AUTH PLAIN ${plain}`)).toBe('502 5.5.1 AUTH is not possible here');
  });
});
