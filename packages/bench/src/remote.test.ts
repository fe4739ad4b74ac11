import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { LoadMethods } from './load/process.ts';
import { Remote } from './remote.ts';
import type { SinkMethods } from './sink/process.ts';

function start() {
  const load = new Remote<LoadMethods>('load', join(import.meta.dirname, 'load/process.ts'));
  const sink = new Remote<SinkMethods>('sink', join(import.meta.dirname, 'sink/process.ts'));
  onTestFinished(() => {
    load.end();
    sink.end();
  });
  return { load, sink };
}

it('lets load and sink meet: the times of both come back, on one clock', async () => {
  const { load, sink } = start();
  const port = await sink.ask('listen', 0);
  await sink.ask('expect', 50);
  const { acceptedAt, begun } = await load.ask('generate', { port, sessions: 2, sizeBytes: 1024, mails: 50, forMs: 10_000, pipelining: false });
  await sink.ask('whenDelivered', { count: 50, patienceMs: 5_000 });
  const { deliveredAt, delivered } = await sink.ask('summary', undefined);
  expect({ begun, delivered }).toEqual({ begun: 50, delivered: 50 });
  acceptedAt.forEach((at, number) => expect(Math.abs(at - (deliveredAt[number] ?? 0))).toBeLessThan(5_000));
});

it('passes on why something failed', async () => {
  const { load, sink } = start();
  const port = await sink.ask('listen', 0);
  await sink.ask('close', undefined);
  const order = { port, sessions: 1, sizeBytes: 1024, mails: 1, forMs: 1_000, pipelining: false };
  await expect(load.ask('generate', order)).rejects.toThrow(/^load: .*ECONNREFUSED/);
});
