import { createTransport, type SendMailOptions } from 'nodemailer';
import { expect, test } from 'vitest';
import { createFakePosthaste } from './fake/index.ts';
import { createPosthasteTransport, type PosthasteMail } from './nodemailer-transport.ts';

const mail = { from: 'Shop <shop@example.org>', to: 'Ann <ann@example.net>', bcc: 'archive@example.org', subject: 'Your order', text: 'On its way.' };

function fakeTransporter() {
  const fake = createFakePosthaste();
  return { fake, transporter: createTransport(createPosthasteTransport(fake.client)) };
}

test('nodemailer hands over what it has built, to the recipients of the envelope', async () => {
  const { fake, transporter } = fakeTransporter();
  const info = await transporter.sendMail(mail);
  const [submission] = fake.submissions();
  expect(submission?.request).toMatchObject({ from: 'shop@example.org', to: ['ann@example.net', 'archive@example.org'] });
  const raw = Buffer.from(submission?.request.raw ?? []).toString();
  expect(raw).toContain('Subject: Your order\r\n');
  expect(raw).toContain(`Message-ID: ${info.messageId}\r\n`);
  expect(raw).not.toContain('archive@example.org');
  expect(info).toMatchObject({
    posthasteId: submission?.id,
    accepted: ['ann@example.net', 'archive@example.org'],
    rejected: [],
    envelope: { from: 'shop@example.org', to: ['ann@example.net', 'archive@example.org'] },
    response: `250 2.0.0 Ok: queued as ${submission?.id}`,
  });
});

test('a mail says its lane, tags and key beside its content', async () => {
  const { fake, transporter } = fakeTransporter();
  const urgent: SendMailOptions & PosthasteMail = {
    ...mail,
    messageId: '<17@example.org>',
    date: new Date(0),
    posthaste: { lane: 'immediate', tags: { order: '17' }, ttl: '10m', idempotencyKey: 'order-17' },
  };
  const first = await transporter.sendMail(urgent);
  const second = await transporter.sendMail(urgent);
  expect(second).toMatchObject({ posthasteId: first.posthasteId, replayed: true });
  expect(fake.submissions()).toHaveLength(1);
  expect(fake.submissions()[0]?.status).toMatchObject({ lane: 'immediate', tags: { order: '17' } });
});

test('the same mail under its key is one mail, built twice as it is', async () => {
  const { fake, transporter } = fakeTransporter();
  const build = (html: string): SendMailOptions & PosthasteMail => ({
    ...mail,
    html,
    attachments: [{ filename: 'a.txt', content: 'Date: today\r\n' }],
    posthaste: { idempotencyKey: 'order-17' },
  });
  const first = await transporter.sendMail(build('<b>x</b>'));
  expect(await transporter.sendMail(build('<b>x</b>'))).toMatchObject({ posthasteId: first.posthasteId, messageId: first.messageId, replayed: true });
  await expect(transporter.sendMail(build('<i>y</i>'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  const head = Buffer.from(fake.submissions()[0]?.request.raw ?? [])
    .toString()
    .split('\r\n\r\n')[0];
  expect(head).toMatch(/^Message-ID: <[0-9a-f]{32}@example\.org>$/m);
  expect(head).not.toMatch(/^Date:/m);
});

test('a date of the caller stays', async () => {
  const { fake, transporter } = fakeTransporter();
  await transporter.sendMail({ ...mail, date: new Date(0), posthaste: { idempotencyKey: 'order-18' } } as SendMailOptions & PosthasteMail);
  await transporter.sendMail({
    ...mail,
    headers: { Date: 'Thu, 01 Jan 1970 00:00:00 +0000' },
    posthaste: { idempotencyKey: 'order-19' },
  } as SendMailOptions & PosthasteMail);
  for (const { request } of fake.submissions()) expect(Buffer.from(request.raw).toString()).toContain('Date: Thu, 01 Jan 1970');
});

test('an envelope of its own wins, with the null sender too', async () => {
  const { fake, transporter } = fakeTransporter();
  await transporter.sendMail({ ...mail, envelope: { from: '', to: ['bounce@example.net'] } });
  expect(fake.submissions()[0]?.request).toMatchObject({ from: '<>', to: ['bounce@example.net'] });
});

test('a refusal comes as the error of the client', async () => {
  const { fake, transporter } = fakeTransporter();
  fake.refuse({ code: 'TOO_MANY_RECIPIENTS', sentence: 'too many' });
  await expect(transporter.sendMail(mail)).rejects.toMatchObject({ name: 'PosthasteError', code: 'TOO_MANY_RECIPIENTS' });
  expect(await transporter.verify()).toBe(true);
});

test('a caller can give up', async () => {
  const { fake, transporter } = fakeTransporter();
  fake.refuse({ code: 'UNAVAILABLE', sentence: 'away', retryAfterMs: 20_000 });
  const giveUp = new AbortController();
  const sending = transporter.sendMail({ ...mail, signal: giveUp.signal });
  setImmediate(() => giveUp.abort());
  await expect(sending).rejects.toThrow(/gave up|abort/i);
  expect(fake.submissions()).toHaveLength(0);
});
