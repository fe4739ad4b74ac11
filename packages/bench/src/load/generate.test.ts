import { createSink, type Mail, type Script } from '@posthaste/sink';
import { expect, it, onTestFinished } from 'vitest';
import { generateLoad, type LoadOrder } from './generate.ts';
import { numberOf } from './message.ts';

/** Node's timers count whole milliseconds, and may be that much early. */
const timerSlackMs = 2;

async function startSink(script: Script = {}) {
  const mails: Mail[] = [];
  const sink = createSink({ onMail: (mail) => mails.push(mail), script });
  const { port } = await sink.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => sink.close());
  const order: LoadOrder = { port, sessions: 3, sizeBytes: 2048, mails: 20, forMs: 10_000, pipelining: false };
  return { mails, sink, order };
}

it('sends every mail once, of the size that was asked for, over as many connections as were asked for', async () => {
  const { mails, sink, order } = await startSink();
  const { begun, acceptedAt, refusals } = await generateLoad(order);
  expect(begun).toBe(20);
  expect(acceptedAt.every((at) => at > 0)).toBe(true);
  expect(refusals).toEqual({});
  expect(mails.map((mail) => numberOf(mail.to[0]?.address ?? '')).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(new Set(mails.map((mail) => mail.raw.length))).toEqual(new Set([2048]));
  expect(sink.counts().connections).toBe(3);
});

it('sends envelopes at once when it may', async () => {
  const { mails, order } = await startSink();
  await generateLoad({ ...order, pipelining: true });
  expect(mails).toHaveLength(20);
});

it('counts what was refused, and goes on', async () => {
  const { mails, order } = await startSink({
    rules: [
      { at: 'rcpt', times: 2, reply: '452 4.3.1 Full' },
      { at: 'final', times: 1, reply: '451 4.3.0 Later' },
    ],
  });
  const { acceptedAt, refusals } = await generateLoad(order);
  expect(refusals).toEqual({ '452 4.3.1 Full': 2, '451 4.3.0 Later': 1 });
  expect(acceptedAt.filter((at) => Number.isNaN(at))).toHaveLength(3);
  expect(mails).toHaveLength(17);
});

it('does not begin a mail before its time', async () => {
  const { order } = await startSink();
  const { acceptedAt, startedAt } = await generateLoad({ ...order, mails: 10, ratePerSecond: 200 });
  acceptedAt.forEach((at, number) => expect(at - startedAt).toBeGreaterThan(number * 5 - timerSlackMs));
});

it('fails when the other end goes away', async () => {
  const { order } = await startSink({ rules: [{ at: 'data', drop: true }] });
  await expect(generateLoad(order)).rejects.toThrow('the relay closed the connection');
});
