import { Engine, Router, type Input } from '@posthaste/core';
import type { Journal, Publication, Publisher } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { expect, it } from 'vitest';
import { Checkpointer, encodeState } from './checkpointer.ts';
import { Driver } from './driver.ts';
import { JournalWriter } from './journal-writer.ts';
import type { Removals } from './removals.ts';

const ticket = {
  id: '01890000-0000-7000-8000-000000000000',
  tenant: 'default',
  lane: 'normal',
  from: 'a@example.org',
  recipients: [{ address: 'b@example.net' }],
  acceptedAt: systemClock.now(),
  size: 10,
} as const;

/** A scheduler whose one mail was deferred, with a STATE that refuses when it is told to. */
async function rig() {
  const appended: string[] = [];
  const states: string[] = [];
  const refusals: Error[] = [];
  const journal: Journal = {
    lastSequence: 0,
    fenced: false,
    append: (kind) => Promise.resolve(appended.push(kind)),
  };
  const publisher: Pick<Publisher, 'publish'> = {
    publish: ({ stream, body }: Publication) => {
      const refusal = refusals.shift();
      if (refusal) return Promise.reject(refusal);
      return Promise.resolve({ stream, sequence: states.push(Buffer.from(body).toString()), duplicate: false });
    },
  };
  const engine = new Engine({ epoch: 1, router: new Router(['main'], []) });
  const stop = new AbortController();
  const sent = Promise.withResolvers<string>();
  const writer = new JournalWriter({
    clock: systemClock,
    journal,
    epoch: 1,
    owner: 'me',
    onRecorded: () => {},
    perform: (effect) => effect.kind === 'send' && sent.resolve(effect.attempts[0]?.id ?? ''),
    onFailed: () => {},
  });
  const driver = new Driver(engine, writer, systemClock, stop.signal);
  const tell = (input: Input) => driver.tell(input);
  tell({ kind: 'hello', sender: 's', held: [], outcomes: [], credits: [{ upstream: 'main', window: 1 }] });
  tell({ kind: 'arrived', ticket, place: { kind: 'log', lane: 'normal', sequence: 1 } });
  const attempt = await sent.promise;
  const reply = { code: 451, text: 'later' };
  tell({ kind: 'reported', sender: 's', outcomes: [{ attempt, id: ticket.id, recipients: [{ recipients: [0], outcome: 'deferred', reply }] }] });
  const removals = { idle: () => Promise.resolve(), entry: () => {} } as unknown as Removals;
  const shared = { driver, journal, publisher, removals, clock: systemClock, log: silentLog };
  const checkpointer = new Checkpointer({ ...shared, partition: 0, epoch: 1, createdAt: {} }, []);
  return { checkpointer, appended, states, refusals, stop };
}

it('speaks in the next checkpoint of what a failed one was to speak of', async () => {
  const { checkpointer, appended, states, refusals, stop } = await rig();
  refusals.push(new Error('STATE is full'));
  await expect(checkpointer.make()).rejects.toThrow('STATE is full');
  expect(appended).not.toContain('checkpoint');
  await checkpointer.make();
  expect(appended).toContain('checkpoint');
  expect(states.map((state) => JSON.parse(state) as unknown)).toMatchObject([
    { id: ticket.id, states: [{ kind: 'queued', attempts: 1, reason: 'UPSTREAM_DEFERRED' }] },
  ]);
  stop.abort();
});

it('says of a mail all that an operator changed of it, its lane and where it is bound for', () => {
  const states = [{ kind: 'queued', attempts: 0, due: 0 }] as const;
  const record = { id: ticket.id, states, lane: 'high', furtherLane: 'wedding-day', detours: ['spare'] } as const;
  expect(JSON.parse(Buffer.from(encodeState(record, 7)).toString())).toEqual({ ...record, asOf: 7 });
});

it('leaves out the texts of replies that would make a state too large', () => {
  const reply = { code: 451, text: 'x'.repeat(2_000) };
  const states = Array.from({ length: 1_000 }, () => ({ kind: 'queued', attempts: 1, due: 5, reason: 'UPSTREAM_DEFERRED', reply }) as const);
  const body = encodeState({ id: ticket.id, states }, 7);
  expect(body.length).toBeLessThan(768 * 1024);
  const { asOf, states: written } = JSON.parse(Buffer.from(body).toString()) as { asOf: number; states: unknown[] };
  expect(asOf).toBe(7);
  expect(written).toHaveLength(1_000);
  expect(written[0]).toEqual({ ...states[0], reply: { code: 451, text: '' } });
});
