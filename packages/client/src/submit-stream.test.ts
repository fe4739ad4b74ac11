import type { Transport } from '@connectrpc/connect';
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect';
import { SubmissionService } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { expect, test } from 'vitest';
import { createPosthasteClient } from './client.ts';
import { collect } from './contract/collect.ts';
import { createFakePosthaste } from './fake/index.ts';
import type { Mail } from './mail.ts';

const mail: Mail = { from: 'shop@example.org', to: 'ann@example.net', text: 'It is on its way.' };

/** Counts what is asked of it. */
function producer(count: number) {
  const asked = { mails: 0, closed: false };
  async function* mails(): AsyncGenerator<Mail> {
    try {
      for (; asked.mails < count;) {
        asked.mails += 1;
        yield { ...mail, subject: String(asked.mails) };
        await Promise.resolve();
      }
    } finally {
      asked.closed = true;
    }
  }
  return { asked, mails: mails() };
}

test('a producer is asked for no mail that the server has no room for', async () => {
  const { promise: room, resolve: makeRoom } = Promise.withResolvers<void>();
  const transport = createRouterTransport(({ service }) => {
    service(SubmissionService, {
      async submitStream(requests) {
        const results = [];
        for await (const { message } of requests) {
          if (results.length === 10) await room;
          results.push({ outcome: { case: 'accepted' as const, value: { id: message?.subject ?? '' } } });
        }
        return { results, acceptedCount: results.length };
      },
    });
  });
  const { asked, mails } = producer(100);
  const results = collect(createPosthasteClient({ transport }).submitStream(mails));
  await eventually(() => asked.mails >= 10);
  await new Promise(setImmediate);
  expect(asked.mails).toBeLessThan(15);
  makeRoom();
  expect(await results).toHaveLength(100);
});

test('all mails of a call that broke go again, under the same keys', async () => {
  const fake = createFakePosthaste({ client: { random: () => 0 } });
  let calls = 0;
  const breaking: Transport = {
    unary: fake.transport.unary,
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const answer = await fake.transport.stream(method, signal, timeoutMs, header, input, contextValues);
      if (calls++ > 0) return answer;
      for await (const accepted of answer.message) expect(accepted).toBeDefined();
      throw new ConnectError('the connection broke before the answer', Code.Aborted);
    },
  };
  const { mails } = producer(700);
  const results = await collect(createPosthasteClient({ transport: breaking }).submitStream(mails));
  expect(results.map((result) => result.kind === 'accepted' && result.replayed)).toEqual([
    ...Array.from({ length: 500 }, () => true),
    ...Array.from({ length: 200 }, () => false),
  ]);
  expect(fake.submissions().map(({ request }) => request.subject)).toEqual(Array.from({ length: 700 }, (_, number) => String(number + 1)));
});

test('a mail that comes after its call broke goes with the next one', async () => {
  const fake = createFakePosthaste({ client: { random: () => 0 } });
  const { promise: broken, resolve: breakCall } = Promise.withResolvers<void>();
  let calls = 0;
  const breaking: Transport = {
    unary: fake.transport.unary,
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      if (calls++ > 0) return fake.transport.stream(method, signal, timeoutMs, header, input, contextValues);
      const requests = input[Symbol.asyncIterator]();
      await requests.next();
      // Asked for, as a transport does that has room, when the connection breaks.
      void requests.next();
      setImmediate(breakCall);
      throw new ConnectError('the connection broke', Code.Aborted);
    },
  };
  async function* mails(): AsyncGenerator<Mail> {
    yield { ...mail, subject: '1' };
    await broken;
    yield { ...mail, subject: '2' };
    yield { ...mail, subject: '3' };
  }
  const results = await collect(createPosthasteClient({ transport: breaking }).submitStream(mails()));
  expect(results.map(({ kind, index }) => `${index} ${kind}`)).toEqual(['0 accepted', '1 accepted', '2 accepted']);
  expect(fake.submissions().map(({ request }) => request.subject)).toEqual(['1', '2', '3']);
});

test('results of a slow producer come before its next mail', async () => {
  const { promise: next, resolve: goOn } = Promise.withResolvers<void>();
  async function* mails(): AsyncGenerator<Mail> {
    yield mail;
    await next;
    yield mail;
  }
  let now = 0;
  const clock = {
    monotonic: () => now,
    sleep: (ms: number) => new Promise<void>((resolve) => setImmediate(() => resolve(void (now += Math.min(ms, 1e6))))),
  };
  const { client } = createFakePosthaste({ client: { clock } });
  const kinds: string[] = [];
  for await (const { kind } of client.submitStream(mails())) {
    kinds.push(kind);
    goOn();
  }
  expect(kinds).toEqual(['accepted', 'accepted']);
});

test('a producer is closed when nobody wants more results', async () => {
  const { asked, mails } = producer(2_000);
  const { client, submissions } = createFakePosthaste();
  for await (const { kind } of client.submitStream(mails)) {
    expect(kind).toBe('accepted');
    break;
  }
  expect(asked).toEqual({ mails: 500, closed: true });
  expect(submissions()).toHaveLength(500);
});

test("a failing producer's error is thrown as it is, after the results of what it gave", async () => {
  const broken = new Error('the database went away');
  async function* mails(): AsyncGenerator<Mail> {
    yield mail;
    throw broken;
  }
  const { client } = createFakePosthaste();
  const kinds: string[] = [];
  const reading = async () => {
    for await (const { kind } of client.submitStream(mails())) kinds.push(kind);
  };
  await expect(reading()).rejects.toBe(broken);
  expect(kinds).toEqual(['accepted']);
});

test('a caller who gives up while the producer thinks is not kept', async () => {
  const giveUp = new AbortController();
  async function* mails(): AsyncGenerator<Mail> {
    yield mail;
    await new Promise(() => {});
  }
  const { client } = createFakePosthaste();
  const streaming = collect(client.submitStream(mails(), { signal: giveUp.signal }));
  setImmediate(() => giveUp.abort());
  await expect(streaming).rejects.toMatchObject({ code: 'CANCELLED' });
});
