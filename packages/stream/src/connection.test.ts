import { afterEach, expect, it } from 'vitest';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually, freePort } from '@posthaste/testkit';
import { connectStream, type StreamConnection } from './connection.ts';
import { mailStream } from './layout.ts';
import { readStream } from './reader.ts';
import { startTestbed, type Testbed } from './testbed/index.ts';

let testbed: Testbed;
afterEach(() => testbed.close());

const body = Buffer.from('?');

it('tells its users of each cut, and of the connection being back', async () => {
  testbed = await startTestbed();
  const connection = await testbed.connect();
  let cuts = 0;
  const stop = connection.onCut(() => (cuts += 1));
  testbed.cable.cut();
  await eventually(() => cuts === 1);
  await connection.whenConnected();
  expect(connection.connected).toBe(true);
  stop();
  testbed.cable.cut();
  await eventually(() => !connection.connected);
  expect(cuts).toBe(1);
});

it('says AWAY at once when nobody listens, and after the given time when nobody answers', async () => {
  testbed = await startTestbed();
  await expect(testbed.direct.ask('nobody.listens', body)).rejects.toThrow(/nobody listens/);
  testbed.direct.subscribe('mute', () => {});
  const began = systemClock.monotonic();
  await expect(testbed.direct.ask('mute', body, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'AWAY' });
  expect(systemClock.monotonic() - began).toBeGreaterThanOrEqual(300);
});

it('rejects what is being asked when the connection is cut, and what is asked while it is', async () => {
  testbed = await startTestbed();
  const connection = await testbed.connect();
  testbed.direct.subscribe('mute', () => {});
  await testbed.direct.ask('$JS.API.INFO');
  const asked = connection.ask('mute', body);
  testbed.cable.cut();
  await expect(asked).rejects.toThrow(/was cut before the answer came/);
  await expect(connection.ask('mute', body)).rejects.toThrow(/not connected/);
});

it('waits for a server that is not there yet', async () => {
  testbed = await startTestbed();
  const restart = await testbed.kill();
  let connection: StreamConnection | undefined;
  const connecting = testbed.connect().then((made) => (connection = made));
  await restart();
  await connecting;
  expect(connection?.connected).toBe(true);
});

it('takes several addresses, and passes by one where nobody is', async () => {
  testbed = await startTestbed();
  const url = `127.0.0.1:${await freePort()},nats://127.0.0.1:${testbed.cable.port}`;
  const connection = await connectStream({ url, name: 'several', log: silentLog, clock: systemClock });
  expect(connection.connected).toBe(true);
  await connection.close();
});

it('refuses a header that would break the frame', async () => {
  testbed = await startTestbed();
  await expect(testbed.direct.ask('any', body, { headers: { 'X-Header': 'a\r\nb' } })).rejects.toMatchObject({ code: 'BROKEN' });
});

it('ends a reader with an error when it is closed, and no sooner', async () => {
  testbed = await startTestbed();
  const connection = await testbed.connect();
  const signal = new AbortController().signal;
  const reading = (async () => {
    for await (const entries of readStream(connection, { stream: mailStream(0, 'normal'), from: 1, dense: true, signal }))
      expect(entries).toEqual([]);
  })();
  await Promise.all([expect(reading).rejects.toMatchObject({ code: 'AWAY' }), connection.close()]);
});

it('lets nobody wait for ever after it was closed', async () => {
  testbed = await startTestbed();
  const connection = await testbed.connect();
  testbed.direct.subscribe('mute', () => {});
  const asked = connection.ask('mute', body);
  const impatient = new AbortController();
  await Promise.all([expect(asked).rejects.toMatchObject({ code: 'AWAY' }), connection.close()]);
  await expect(connection.whenConnected()).rejects.toMatchObject({ code: 'AWAY' });
  await expect(connection.ask('mute', body)).rejects.toMatchObject({ code: 'AWAY' });
  impatient.abort();
  await expect(testbed.direct.whenConnected(impatient.signal)).rejects.toThrow(/abort/i);
});
