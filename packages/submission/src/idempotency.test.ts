import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectStream,
  createPublisher,
  defaultLimits,
  ensureStreams,
  keysStream,
  mailStream,
  streamState,
  watchFill,
  type StreamConnection,
} from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { silentLog, systemClock, type Clock } from '@posthaste/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDoor, type Door } from './door.ts';
import { Idempotency, type Claim } from './idempotency.ts';
import { SubmissionError } from './submission-error.ts';
import type { Acceptance } from './submission.ts';

const inFlightMs = 25_000;
const folder = mkdtempSync(join(tmpdir(), 'posthaste-idempotency-'));
let nats: NatsServer;
let connection: StreamConnection;
let door: Door;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  const { binary } = await findNatsServer({ env: process.env });
  nats = await startNatsServer({ binary, dataDir: folder, durability: 'fast' });
  connection = await connectStream({ url: nats.url, name: 'test', log: silentLog, clock: systemClock });
  await ensureStreams(connection, { storageBytes: 2 ** 28 });
  const fill = watchFill(connection, { clock: systemClock, log: silentLog });
  door = createDoor({ publisher: publisherOf(connection), fill, clock: systemClock, name: 'api', hostname: 'api.example.org' });
  ends.push(() => fill.close());
});

afterAll(async () => {
  for (const end of ends) end();
  await connection.close();
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

const publisherOf = (over: StreamConnection) => createPublisher(over, { clock: systemClock, log: silentLog, mode: 'fast' });

interface ProcessOptions {
  /** What a lookup says. Default: that there is no such message. */
  readonly acceptedAt?: (id: string) => Promise<number | undefined>;
  readonly aheadMs?: number;
  readonly over?: StreamConnection;
}

/** The keys as one process of the api sees them. */
function startProcess({ acceptedAt = async () => undefined, aheadMs = 0, over = connection }: ProcessOptions = {}): Idempotency {
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  return new Idempotency({
    connection: over,
    publisher: publisherOf(over),
    clock,
    name: 'api',
    newId: door.newId,
    inFlightMs,
    acceptedAt,
  });
}

let number = 0;
const claim = (more: Partial<Claim> = {}): Claim => ({
  tenant: 'default',
  key: `key ${++number}`,
  life: 'lasting',
  fingerprint: 'this request',
  call: {},
  signal: new AbortController().signal,
  ...more,
});

const envelope = { from: 'a@example.org', recipients: [{ address: 'b@example.net' }] };
const store = (id: string): Promise<Acceptance> =>
  door.submitRaw({ envelope, protocol: 'gRPC', id, raw: Buffer.from(`Subject: ${Math.random()}\r\n\r\nhello\r\n`) });

const storedMails = async () => (await streamState(connection, mailStream(0, 'normal'))).messages;

it('stores a mail once a key, and answers the second request with id and time of the first', async () => {
  const process = startProcess();
  const mine = claim();
  const before = await storedMails();
  const first = await process.run(mine, store);
  expect(first).not.toHaveProperty('replayed');
  expect(await process.run({ ...mine, call: {} }, store)).toEqual({ id: first.id, acceptedAt: first.acceptedAt, replayed: true });
  expect(await storedMails()).toBe(before + 1);
});

it('refuses another request under the same key, and names the message of the first', async () => {
  const process = startProcess();
  const mine = claim();
  const { id } = await process.run(mine, store);
  const other = process.run({ ...mine, call: {}, fingerprint: 'another request' }, store);
  await expect(other).rejects.toMatchObject({ name: 'IdempotencyConflict', code: 'REUSED', id });
});

it('knows a key by its tenant', async () => {
  const process = startProcess();
  const mine = claim();
  const first = await process.run(mine, store);
  const other = await process.run({ ...mine, tenant: 'other', fingerprint: 'another request' }, store);
  expect(other.id).not.toBe(first.id);
});

it('takes the same word as a lasting and as a brief key for two keys', async () => {
  const process = startProcess();
  const mine = claim();
  const lasting = await process.run(mine, store);
  const brief = await process.run({ ...mine, life: 'brief', fingerprint: 'another request' }, store);
  expect(brief.id).not.toBe(lasting.id);
  expect(await startProcess({ acceptedAt: async () => 1 }).run({ ...mine, life: 'brief', fingerprint: 'another request' }, store)).toMatchObject({
    id: brief.id,
    replayed: true,
  });
});

it('does not take a key for one of a process at work because that one wrote it before its wall clock was set back', async () => {
  const mine = claim();
  const ahead = startProcess({ aheadMs: 3_600_000 });
  let begun = '';
  const neverStored = ahead.run(mine, (id) => {
    begun = id;
    return Promise.reject(new SubmissionError('AWAY', 'storage does not answer'));
  });
  await expect(neverStored).rejects.toMatchObject({ code: 'AWAY' });
  expect((await startProcess().run(mine, store)).id).toBe(begun);
});

it('says IN_FLIGHT while the first one is on its way, but lets what came by the same call wait for it', async () => {
  const process = startProcess();
  const mine = claim();
  const gate = Promise.withResolvers<void>();
  const first = process.run(mine, async (id) => (await gate.promise, store(id)));
  await expect(process.run({ ...mine, call: {} }, store)).rejects.toMatchObject({ code: 'IN_FLIGHT' });
  await expect(process.run({ ...mine, call: {}, fingerprint: 'another' }, store)).rejects.toMatchObject({ code: 'REUSED' });
  const second = process.run(mine, store);
  gate.resolve();
  expect(await second).toEqual({ id: (await first).id, acceptedAt: (await first).acceptedAt, replayed: true });
});

it('asks who knows the mail when another process took it', async () => {
  const mine = claim();
  const first = await startProcess().run(mine, store);
  const another = startProcess({ acceptedAt: async (id) => (id === first.id ? 4711 : undefined) });
  expect(await another.run(mine, store)).toEqual({ id: first.id, acceptedAt: 4711, replayed: true });
  const unable = startProcess({ acceptedAt: () => Promise.reject(new Error('the scheduler is away')) });
  await expect(unable.run(mine, store)).rejects.toThrow('the scheduler is away');
});

it('leaves a mail that nobody knows to the process that began it, and takes it over under its id when that one must be gone', async () => {
  const mine = claim();
  let begun = '';
  void startProcess().run(mine, (id) => ((begun = id), new Promise(() => {})));
  await expect.poll(() => begun).not.toBe('');
  await expect(startProcess().run(mine, store)).rejects.toMatchObject({ code: 'IN_FLIGHT', id: begun });
  const before = await storedMails();
  const late = startProcess({ aheadMs: inFlightMs + 1_000 });
  expect(await late.run(mine, store)).toMatchObject({ id: begun, lane: 'normal' });
  expect(await startProcess({ aheadMs: inFlightMs + 1_000 }).run(mine, store)).toMatchObject({ id: begun });
  expect(await storedMails(), 'two took it over, and one mail is stored').toBe(before + 1);
});

it('sets the key free when the request was refused, and keeps it when the mail may be stored', async () => {
  const process = startProcess();
  const mine = claim();
  const refuse = (code: 'FULL' | 'AWAY') => process.run(mine, () => Promise.reject(new SubmissionError(code, 'no')));
  await expect(refuse('FULL')).rejects.toMatchObject({ code: 'FULL' });
  await expect(process.run({ ...mine, fingerprint: 'the mended request' }, () => Promise.reject(new Error('wrong')))).rejects.toThrow('wrong');
  const bound: string[] = [];
  await expect(process.run(mine, (id) => (bound.push(id), Promise.reject(new SubmissionError('AWAY', 'no'))))).rejects.toThrow('no');
  await expect(process.run({ ...mine, fingerprint: 'another' }, store)).rejects.toMatchObject({ code: 'REUSED', id: bound[0] });
  expect(await process.run(mine, store), 'nobody is at work on it any more').toMatchObject({ id: bound[0], lane: 'normal' });
});

/** A store with room for so many keys of each life, about. */
async function withRoomFor(keys: number, test: (over: StreamConnection) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-idempotency-'));
  const small = await startNatsServer({ binary: (await findNatsServer({ env: globalThis.process.env })).binary, dataDir, durability: 'fast' });
  const over = await connectStream({ url: small.url, name: 'test', log: silentLog, clock: systemClock });
  const storageBytes = 2 ** 28;
  const share = (keys * keyBytes) / storageBytes;
  await ensureStreams(over, { storageBytes, limits: { shares: { ...defaultLimits.shares, keys: share, briefKeys: share } } });
  await test(over);
  await over.close();
  await small.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

const keyBytes = 210;

it('says FULL when there is no room for lasting keys, and still answers for those that are there', () =>
  withRoomFor(4, async (over) => {
    const process = startProcess({ over });
    const claims = Array.from({ length: 6 }, () => claim());
    const answers = await Promise.allSettled(claims.map((each) => process.run(each, store)));
    const refused = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => (reason as SubmissionError).code);
    expect(refused).toEqual(['FULL', 'FULL']);
    const stored = answers.findIndex(({ status }) => status === 'fulfilled');
    expect(await process.run(claims[stored]!, store)).toMatchObject({ replayed: true });
  }));

it('never lacks room for brief keys: the oldest of them make room, and lasting ones stay', () =>
  withRoomFor(4, async (over) => {
    const lasting = claim();
    const { id } = await startProcess({ over }).run(lasting, store);
    const briefs = Array.from({ length: 9 }, () => claim({ life: 'brief' }));
    const ids: string[] = [];
    for (const brief of briefs) ids.push((await startProcess({ over }).run(brief, store)).id);
    const later = startProcess({ over, acceptedAt: async () => 4711 });
    expect(await later.run(briefs.at(-1)!, store)).toMatchObject({ id: ids.at(-1), replayed: true });
    expect(await later.run(lasting, store)).toMatchObject({ id, replayed: true });
    expect(await later.run(briefs[0]!, store), 'forgotten').not.toHaveProperty('replayed');
  }));

it('knows in its process also what made room in the store', () =>
  withRoomFor(4, async (over) => {
    const process = startProcess({ over });
    const first = claim({ life: 'brief' });
    const { id } = await process.run(first, store);
    for (let number = 0; number < 9; number += 1) await process.run(claim({ life: 'brief' }), store);
    expect(await process.run(first, store)).toMatchObject({ id, replayed: true });
    await expect(process.run({ ...first, fingerprint: 'another' }, store)).rejects.toMatchObject({ code: 'REUSED', id });
  }));

it('keeps a key in little room', async () => {
  const life = 'brief';
  const before = await streamState(connection, keysStream(life));
  await startProcess().run(claim({ life, fingerprint: 'x'.repeat(43) }), store);
  const after = await streamState(connection, keysStream(life));
  expect(after.bytes - before.bytes).toBeLessThanOrEqual(keyBytes);
});

it('leaves a large mail longer to the process that began it: each of its publications may take its time', async () => {
  const mine = claim({ publications: 10 });
  let begun = '';
  void startProcess().run(mine, (id) => ((begun = id), new Promise(() => {})));
  await expect.poll(() => begun).not.toBe('');
  await expect(startProcess({ aheadMs: 2 * inFlightMs }).run(mine, store)).rejects.toMatchObject({ code: 'IN_FLIGHT', id: begun });
  expect((await startProcess({ aheadMs: 11 * inFlightMs }).run(mine, store)).id).toBe(begun);
});
