import { systemClock, type Clock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectionsNow, refusalsTotal } from './metrics.ts';
import { idOf, sendMail, startNats, startRig, type Nats, type RigOptions } from './rig.ts';

let nats: Nats;
let rig: Awaited<ReturnType<typeof startRig>>;

const start = async (options: RigOptions) => (rig = await startRig(nats, { watchIntervalMs: 10, ...options }));
const counted = async (reason: string) => (await refusalsTotal.get()).values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
const here = async () => (await connectionsNow.get()).values[0]?.value;

/** What is done must raise the count of this reason by one. */
async function expectCounted(reason: string, act: () => Promise<unknown>): Promise<void> {
  const before = await counted(reason);
  await act();
  expect(await counted(reason)).toBe(before + 1);
}

beforeAll(async () => {
  nats = await startNats();
});

afterEach(async () => {
  rig.dismiss();
  await rig.stop();
});

afterAll(() => nats.stop());

describe('connections', () => {
  it('are limited in all', async () => {
    await start({ maxConnections: 3 });
    for (let client = 0; client < 3; client++) await rig.client();
    await expectCounted('TOO_MANY_CONNECTIONS', async () => {
      const late = await rig.dial();
      expect(await late.reply()).toBe('421 4.3.2 too many connections, try again in a moment');
      await late.closed();
    });
    rig.dismiss();
    await eventually(async () => (await here()) === 0);
    await rig.client();
  });

  it('are limited for an address that is not trusted', async () => {
    await start({ maxConnectionsPerAddress: 2, trustedNetworks: ['none'] });
    await rig.client();
    const second = await rig.client();
    await expectCounted('TOO_MANY_CONNECTIONS_OF_ADDRESS', async () => {
      expect(await (await rig.dial()).reply()).toBe('421 4.7.0 too many connections from your address, close some first');
    });
    await second.say('QUIT');
    await second.closed();
    await eventually(async () => (await here()) === 1);
    await rig.client();
  });

  it('of a trusted address have no limit of their own', async () => {
    await start({ maxConnectionsPerAddress: 2 });
    for (let client = 0; client < 5; client++) await rig.client();
  });
});

describe('a session', () => {
  it('ends after so many errors in a row, whatever they were', async () => {
    await start({ maxErrors: 5 });
    const client = await rig.client();
    const wrong = ['WHAT', 'RCPT TO:<b@example.net>', 'MAIL FROM:a', 'MAIL FROM:<a@example.org> FOO=1', 'VRFY'];
    for (const command of wrong.slice(0, 4)) expect(await client.say(command)).toMatch(/^5/);
    expect(idOf(await sendMail(client, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    await expectCounted('TOO_MANY_ERRORS', async () => {
      client.send(`${[...wrong, 'NOOP'].join('\r\n')}\r\n`);
      for (const _ of wrong) expect(await client.reply()).toMatch(/^5/);
      expect(await client.reply()).toBe('421 4.7.0 too many errors, closing the connection');
      await client.closed();
      await expect(client.reply()).rejects.toThrow('unread: ""');
    });
  });

  it('takes more than ten unknown commands when the setting says so', async () => {
    await start({ maxErrors: 30 });
    const client = await rig.client();
    for (let time = 0; time < 29; time++) expect(await client.say('WHAT')).toMatch(/^500 5\.5\.2 /);
    expect(await client.say('NOOP')).toMatch(/^250 /);
  });

  it('does not count our own trouble, or a recipient too many, against the client', async () => {
    await start({ maxErrors: 1, limits: { maxRecipients: 1 } });
    const client = await rig.client();
    await client.say('MAIL FROM:<a@example.org>');
    await client.say('RCPT TO:<1@example.net>');
    await expectCounted('TOO_MANY_RECIPIENTS', async () => expect(await client.say('RCPT TO:<2@example.net>')).toMatch(/^452 4\.5\.3 /));
    expect(await client.say('RSET')).toMatch(/^250 /);
  });

  it('may have a limit of messages', async () => {
    await start({ maxMessages: 2 });
    const client = await rig.client();
    for (let mails = 0; mails < 2; mails++) expect(idOf(await sendMail(client, 'Subject: x\r\n\r\nx'))).toMatch(/-/);
    await expectCounted('TOO_MANY_MESSAGES', async () => expect(await client.say('MAIL FROM:<a@example.org>')).toMatch(/^421 4\.7\.0 /));
    await client.closed();
  });

  it('ends at a line that is too long, whole or not', async () => {
    await start({ maxLineBytes: 1000 });
    for (const line of ['x'.repeat(2000), `NOOP ${'x'.repeat(1000)}\r\n`]) {
      const client = await rig.client();
      client.send(line);
      await expectCounted('LINE_TOO_LONG', async () => {
        expect(await client.reply()).toBe('421 4.5.2 a command line is longer than 1000 bytes, closing the connection');
      });
    }
  });

  it('counts what smtp-server refuses by itself', async () => {
    await start({ limits: { maxBytes: 1000 } });
    const client = await rig.client();
    await expectCounted('SYNTAX', async () => expect(await client.say('WHAT')).toMatch(/^500 5\.5\.2 /));
    await expectCounted('TOO_LARGE', async () => {
      expect(await client.say('MAIL FROM:<a@example.org> SIZE=1001')).toBe('552 5.3.4 message exceeds fixed maximum message size 1000');
    });
    expect(await client.say('MAIL FROM:<a@example.org> SIZE=1000')).toMatch(/^250 /);
  });
});

describe('a message', () => {
  it('may have a header block of so much and no more', async () => {
    await start({ limits: { maxHeaderBytes: 1000 } });
    const client = await rig.client();
    expect(await sendMail(client, `Subject: ${'x'.repeat(1000)}\r\n\r\nx`)).toBe(
      "554 5.6.0 the message's header block is too large; expected at most 1000 bytes",
    );
    expect(idOf(await sendMail(client, `Subject: ${'x'.repeat(800)}\r\n\r\n${'x'.repeat(2000)}`))).toMatch(/-/);
  });

  it('must not come too slowly, however long it may take', async () => {
    let skippedMs = 0;
    const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skippedMs };
    await start({ clock, minBytesPerSecond: 100, dataTimeoutMs: 3_600_000, idleTimeoutMs: 3_600_000 });
    const [quick, slow] = [await rig.client(), await rig.client()];
    for (const client of [quick, slow]) for (const line of ['MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA']) await client.say(line);
    slow.send('x'.repeat(900));
    quick.send('x'.repeat(1100));
    await rig.client().then((other) => other.say('NOOP'));
    await expectCounted('DATA_TOO_SLOW', async () => {
      skippedMs = 70_000;
      expect(await slow.reply()).toBe('421 4.4.2 the message comes too slowly, closing the connection');
    });
    quick.send('\r\n.\r\n');
    expect(idOf(await quick.reply())).toMatch(/-/);
  });
});
