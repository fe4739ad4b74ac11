import { randomUUID } from 'node:crypto';
import { idInPartition } from '@posthaste/core';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { type Attempt, Outcome } from '@posthaste/protocol/dispatch';
import { mailStream } from '@posthaste/stream';
import { asciiMail, eightBitMail, eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { mail, mails, one, outcomeOf, setUp, storeChunked } from './testbed/rig.ts';

it('delivers in the order of the batch over warm connections, announced before', async () => {
  const stage = await setUp({ options: 'connections=1' });
  const attempts = await mails(30);
  stage.scheduler.assign(...attempts.slice(0, 10));
  stage.scheduler.assign(...attempts.slice(10));
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.scheduler.begun).toEqual(attempts.map(({ attemptId }) => attemptId));
  expect(stage.upstream.mails.map(({ raw }) => raw.length)).toEqual(attempts.map(({ body }) => Number(body?.size)));
  expect(stage.upstream.counts().connections).toBe(1);
});

it('offers twice its connections as room', async () => {
  const { scheduler } = await setUp({ options: 'connections=7' });
  expect(scheduler.hellos[0]?.credits.map(({ upstream, window }) => [upstream, window])).toEqual([
    ['main', 14],
    ['nowhere', 40],
  ]);
});

it('delivers over many connections at once', async () => {
  const stage = await setUp({ options: 'connections=5', script: { rules: [{ at: 'final', delayMs: 30 }] } });
  const attempts = await mails(10);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) await outcomeOf(stage, attempt);
  expect(stage.upstream.counts().mostOpen).toBe(5);
});

it('delivers all, however little may be read ahead', async () => {
  const stage = await setUp({ prefetchBytes: 1, options: 'connections=2' });
  const attempts = await mails(20);
  stage.scheduler.assign(...attempts);
  stage.scheduler.cancel(...attempts.slice(5, 10).map(({ attemptId }) => attemptId));
  for (const attempt of attempts) await outcomeOf(stage, attempt);
  expect(stage.upstream.mails.length).toBeGreaterThanOrEqual(15);
});

it('tells of each recipient by itself', async () => {
  const stage = await setUp({ script: { rules: [{ at: 'rcpt', recipient: 'no@*', reply: '550 5.1.1 Unknown' }] } });
  const attempt = await mail({
    recipients: [
      { index: 4, address: 'no@example.net' },
      { index: 7, address: 'b@example.net' },
      { index: 8, address: 'c@example.net' },
    ],
  });
  stage.scheduler.assign(attempt);
  expect(await outcomeOf(stage, attempt)).toEqual([
    { kind: Outcome.BOUNCED, recipients: [4], code: 550, enhanced: '5.1.1' },
    { kind: Outcome.DELIVERED, recipients: [7, 8], code: 250, enhanced: '2.0.0' },
  ]);
  expect(stage.scheduler.outcome(attempt.attemptId)?.took).toBeDefined();
});

it.each([
  ['a 451 for deferred', { at: 'final', reply: '451 4.7.1 Later' }, Outcome.DEFERRED, 451, '4.7.1'],
  ['421 to the final dot for deferred', { at: 'final', reply: '421 4.3.2 Closing' }, Outcome.DEFERRED, 421, '4.3.2'],
  ['a lost final reply for in doubt', { at: 'final', drop: true }, Outcome.IN_DOUBT, 0, ''],
  ['421 before the final dot for the upstream down', { at: 'rcpt', reply: '421 4.3.2 Closing' }, Outcome.UPSTREAM_DOWN, 421, '4.3.2'],
  ['a refusing greeting for the upstream down', { at: 'greeting', reply: '554 5.7.1 Not you' }, Outcome.UPSTREAM_DOWN, 554, '5.7.1'],
] as const)('takes %s', async (_, rule, kind, code, enhanced) => {
  const stage = await setUp({ script: { rules: [rule] } });
  const attempt = await mail();
  stage.scheduler.assign(attempt);
  expect(await outcomeOf(stage, attempt)).toEqual(one(kind, code, enhanced));
});

it('takes a connection lost in mid-body for the upstream down', async () => {
  const stage = await setUp({ script: { rules: [{ at: 'body', drop: true }] } });
  const attempt = await mail(await storeChunked(asciiMail(1, 8_000_000)));
  stage.scheduler.assign(attempt);
  expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
});

it('gives back all that waits when the upstream refuses connections, and delivers when it is back', async () => {
  const stage = await setUp({ options: 'connections=2' });
  await stage.upstream.goDown();
  const attempts = await mails(4);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
  await stage.upstream.comeBack();
  const probe = await mail();
  stage.scheduler.assign(probe);
  expect(await outcomeOf(stage, probe)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('opens a new session when the upstream has ended the warm one with 421 to MAIL', async () => {
  const stage = await setUp({
    options: 'connections=1',
    script: {
      rules: [
        { at: 'mail', times: 1 },
        { at: 'mail', times: 1, reply: '421 4.7.0 Enough for one session' },
      ],
    },
  });
  const attempts = await mails(3);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.counts().connections).toBe(2);
});

it('does not try a second connection with mail under which the upstream has fallen silent', async () => {
  const stage = await setUp({ options: 'connections=2&reply=1s', script: { rules: [{ at: 'mail', times: 1 }] } });
  const [before, hung] = [await mail(), await mail()];
  stage.scheduler.assign(before);
  expect(await outcomeOf(stage, before)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  stage.upstream.setScript({ rules: [{ at: 'mail', delayMs: 60_000 }] });
  stage.scheduler.assign(hung);
  expect(await outcomeOf(stage, hung)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
  expect(stage.upstream.counts().connections).toBe(1);
});

it('does not let one hanging upstream hold up another', async () => {
  const stage = await setUp();
  const [lost, delivered] = [await mail({ upstream: 'nowhere' }), await mail()];
  stage.scheduler.assign(lost, delivered);
  expect(await outcomeOf(stage, delivered)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(await outcomeOf(stage, lost)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
});

it('refuses what needs an extension that the upstream lacks', async () => {
  const stage = await setUp({ script: { keywords: ['PIPELINING'] } });
  const [eightBit, utf8] = [await mail({ eightBit: true }, eightBitMail(1)), await mail({ smtpUtf8: true })];
  stage.scheduler.assign(eightBit, utf8);
  expect(await outcomeOf(stage, eightBit)).toEqual(one(Outcome.UPSTREAM_LACKS_EXTENSION, 554, '5.6.3'));
  expect(await outcomeOf(stage, utf8)).toEqual(one(Outcome.UPSTREAM_LACKS_EXTENSION, 554, '5.6.7'));
  expect(stage.upstream.mails).toEqual([]);
});

it('brings a chunked body over byte for byte, and never ends one with a wrong digest', async () => {
  const stage = await setUp();
  const bytes = asciiMail(5, 2_000_000);
  const chunked = await storeChunked(bytes);
  const right = await mail(chunked);
  const wrong = await mail({ ...chunked, body: { ...chunked.body, digest: '0'.repeat(64) } });
  stage.scheduler.assign(right, wrong);
  expect(await outcomeOf(stage, right)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(await outcomeOf(stage, wrong)).toEqual(one(Outcome.BODY_LOST, 0));
  expect(stage.upstream.mails.map(({ raw }) => raw.equals(bytes))).toEqual([true]);
});

it('never sends the body of another message, nor bounces for a missing one', async () => {
  const stage = await setUp();
  const foreign = await mail({ messageId: idInPartition(randomUUID(), 0) });
  const missing = await mail({ body: { stream: mailStream(0, 'normal'), sequence: 1_000_000n, size: 1n } });
  stage.scheduler.assign(foreign, missing);
  expect(await outcomeOf(stage, foreign)).toEqual(one(Outcome.BODY_UNAVAILABLE, 0));
  expect(await outcomeOf(stage, missing)).toEqual(one(Outcome.BODY_UNAVAILABLE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('reports again until the scheduler acknowledges, and then no more', async () => {
  const stage = await setUp({ scheduling: { acknowledges: false } });
  const [first, second] = (await mails(2)) as [Attempt, Attempt];
  const reports = ({ attemptId }: Attempt) => stage.scheduler.outcomes.get(attemptId)?.length ?? 0;
  stage.scheduler.assign(first);
  await eventually(() => reports(first) >= 2);
  stage.scheduler.assign(first);
  stage.scheduler.acknowledge(first.attemptId);
  const most = reports(first) + 1;
  stage.scheduler.assign(second);
  await eventually(() => reports(second) >= 2);
  expect(reports(first)).toBeLessThanOrEqual(most);
  expect(stage.upstream.mails.length).toBe(2);
});

it('says after a reconnect what it holds and what was not acknowledged, and goes on meanwhile', async () => {
  const stage = await setUp({
    options: 'connections=1',
    scheduling: { acknowledges: false },
    script: {
      rules: [
        { at: 'final', times: 1 },
        { at: 'final', delayMs: 500 },
      ],
    },
  });
  const [done, begun, waiting] = (await mails(3)) as [Attempt, Attempt, Attempt];
  stage.scheduler.assign(done, begun, waiting);
  await eventually(() => stage.upstream.mails.length === 2);
  stage.scheduler.close();
  await stage.scheduler.listen();
  const hello = await eventually(() => stage.scheduler.hellos[1] ?? null);
  expect(hello.senderId).toBe(stage.sender.id);
  expect(hello.outcomes.map(({ attemptId, messageId }) => [attemptId, messageId])).toEqual([[done.attemptId, done.messageId]]);
  expect(hello.held.map(({ attemptId, begun: hasBegun }) => [attemptId, hasBegun])).toEqual([
    [begun.attemptId, true],
    [waiting.attemptId, false],
  ]);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.mails.length).toBe(3);
});

it('begins nothing while it cannot announce it', async () => {
  const announced: boolean[] = [];
  const onMail = () => announced.push(stage.scheduler.begun.length > announced.length);
  const stage = await setUp({ onMail, options: 'connections=1', script: { rules: [{ at: 'final', delayMs: 50 }] } });
  const attempts = await mails(2);
  stage.scheduler.assign(...attempts);
  await eventually(() => stage.upstream.mails.length === 1);
  stage.scheduler.close();
  await stage.scheduler.listen();
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(announced).toEqual([true, true]);
});

it('hands nothing over before the scheduler has heard of the begin', async () => {
  const stage = await setUp({ options: 'connections=3', scheduling: { confirms: false } });
  const [held, confirmed, refused] = (await mails(3)) as [Attempt, Attempt, Attempt];
  stage.scheduler.assign(held, confirmed, refused);
  await eventually(() => stage.scheduler.begun.length === 3);
  stage.scheduler.confirm(confirmed.attemptId);
  stage.scheduler.cancel(refused.attemptId);
  expect(await outcomeOf(stage, confirmed)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(await outcomeOf(stage, refused)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails.length).toBe(1);
  stage.scheduler.close();
  stage.scheduler.script = {};
  await stage.scheduler.listen();
  expect(await outcomeOf(stage, held)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.mails.length).toBe(2);
});

it('gives back what was not confirmed within its lease', async () => {
  const stage = await setUp({ scheduling: { leaseSeconds: 6, confirms: false } });
  const attempt = await mail();
  stage.scheduler.assign(attempt);
  await eventually(() => stage.scheduler.begun.length === 1);
  stage.scheduler.script = { answers: false, confirms: false };
  expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('sends nothing past its lease: what it holds is given back untried', async () => {
  const stage = await setUp({ options: 'connections=1', scheduling: { leaseSeconds: 6 }, script: { rules: [{ at: 'data', delayMs: 2_500 }] } });
  const attempts = await mails(2);
  stage.scheduler.script = { answers: false };
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('sends nothing past the deadline', async () => {
  const stage = await setUp({ options: 'connections=2', script: { rules: [{ at: 'data', delayMs: 500 }] } });
  const [passed, passes, holds] = [
    await mail({ usefulFor: durationFromMs(-1) }),
    await mail({ usefulFor: durationFromMs(300) }),
    await mail({ usefulFor: durationFromMs(30_000) }),
  ];
  stage.scheduler.assign(passed, passes, holds);
  expect(await outcomeOf(stage, passed)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, passes)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, holds)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.mails.length).toBe(1);
});

it('gives back what has passed its deadline while it waited for a connection', async () => {
  const stage = await setUp({ options: 'connections=1', script: { rules: [{ at: 'final', times: 1, delayMs: 1_500 }] } });
  const [first, waiting] = [await mail(), await mail({ usefulFor: durationFromMs(200) })];
  stage.scheduler.assign(first, waiting);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.scheduler.begun).toEqual([first.attemptId]);
  expect(await outcomeOf(stage, first)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('counts the time that a batch was under way', async () => {
  const stage = await setUp();
  const [late, lasting] = [await mail({ usefulFor: durationFromMs(30_000) }), await mail({ usefulFor: durationFromMs(3_600_000) })];
  stage.scheduler.assignLate(60_000, late, lasting);
  expect(await outcomeOf(stage, late)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, lasting)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('gives back what is cancelled before it has begun', async () => {
  const stage = await setUp({ options: 'connections=1', script: { rules: [{ at: 'final', times: 1, delayMs: 200 }] } });
  const [begun, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(begun, waiting);
  await eventually(() => stage.scheduler.begun.includes(begun.attemptId));
  stage.scheduler.cancel(begun.attemptId, waiting.attemptId);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(await outcomeOf(stage, begun)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
});

it('drains: takes its room away, gives back what waits, finishes what has begun', async () => {
  const stage = await setUp({ options: 'connections=1', script: { rules: [{ at: 'final', delayMs: 200 }] } });
  const [begun, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(begun, waiting);
  await eventually(() => stage.scheduler.begun.includes(begun.attemptId));
  await stage.sender.drain();
  expect(stage.scheduler.credits.map(({ upstream, window }) => [upstream, window])).toEqual([
    ['main', 0],
    ['nowhere', 0],
  ]);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.DRAINING, 0));
  expect(await outcomeOf(stage, begun)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  await eventually(() => stage.upstream.counts().open === 0);
});

it('gives back at the end of its drain what nobody has confirmed', async () => {
  const stage = await setUp({ scheduling: { confirms: false } });
  const attempt = await mail();
  stage.scheduler.assign(attempt);
  await eventually(() => stage.scheduler.begun.length === 1);
  await stage.sender.drain();
  expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  expect(stage.upstream.mails).toEqual([]);
});

it('cuts off what takes longer than the drain may, and says how far it was', async () => {
  const stage = await setUp({
    script: {
      rules: [
        { at: 'data', sender: 'slow@*', delayMs: 60_000 },
        { at: 'final', delayMs: 60_000 },
      ],
    },
  });
  const [early, late] = [await mail({ from: 'slow@example.org' }), await mail()];
  stage.scheduler.assign(early, late);
  await eventually(() => stage.upstream.mails.length === 1);
  await stage.sender.drain();
  expect(await outcomeOf(stage, early)).toEqual(one(Outcome.DRAINING, 0));
  expect(await outcomeOf(stage, late)).toEqual(one(Outcome.IN_DOUBT, 0));
});
