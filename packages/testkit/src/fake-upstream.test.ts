import { openDialog, testCertificate } from '@posthaste/sink';
import { expect, it } from 'vitest';
import { startFakeUpstream } from './fake-upstream.ts';

async function deliver(address: { host: string; port: number }): Promise<string> {
  const dialog = await openDialog(address);
  await dialog.reply();
  await dialog.say('EHLO client.example');
  await dialog.say('MAIL FROM:<a@example.org>');
  await dialog.say('RCPT TO:<b@example.net>');
  await dialog.say('DATA');
  return dialog.say('hello\r\n.');
}

it('records mails and misbehaves by script', async () => {
  await using upstream = await startFakeUpstream({ script: { rules: [{ at: 'final', times: 1, reply: '451 4.3.0 Later' }] } });
  expect(upstream.url).toBe(`smtp://127.0.0.1:${upstream.port}`);
  expect(await deliver(upstream)).toBe('451 4.3.0 Later');
  expect(await deliver(upstream)).toBe('250 2.0.0 Ok: queued as 1');
  expect(upstream.mails.map((mail) => mail.raw.toString())).toEqual(['hello\r\n']);
  expect(upstream.counts()).toMatchObject({ connections: 2, mails: 1 });
  upstream.clear();
  expect(upstream.mails).toEqual([]);
});

it('goes down and comes back where it was', async () => {
  await using upstream = await startFakeUpstream();
  await upstream.goDown();
  await expect(deliver(upstream)).rejects.toThrow('ECONNREFUSED');
  await upstream.comeBack();
  expect(await deliver(upstream)).toBe('250 2.0.0 Ok: queued as 1');
});

it('asks for TLS and a login', async () => {
  await using upstream = await startFakeUpstream({ tls: testCertificate, auth: { user: 'u', pass: 'p' } });
  const dialog = await openDialog(upstream);
  await dialog.reply();
  expect(await dialog.say('EHLO client.example')).toContain('STARTTLS');
  expect(await dialog.say('MAIL FROM:<a@example.org>')).toBe('530 5.7.0 Authentication required');
});
