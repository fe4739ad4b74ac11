import { type Attempt, Outcome } from '@posthaste/protocol/dispatch';
import { eventually, type Script } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { mail, mails, one, outcomeOf, setUp, type Stage } from './testbed/rig.ts';

it('says when it wrote MAIL FROM of attempts that a limit counts, and of no others', async () => {
  const stage = await setUp({ options: 'connections=2', script: { rules: [{ at: 'mail', delayMs: 300 }] } });
  const [limited, free] = [await mail({ limited: true }), await mail()];
  stage.scheduler.assign(limited, free);
  await eventually(() => stage.scheduler.written.length === 1);
  expect(stage.scheduler.outcome(limited.attemptId)).toBeUndefined();
  expect(stage.scheduler.written).toMatchObject([{ attemptId: limited.attemptId, ageMs: expect.toSatisfy((age: number) => age < 300) }]);
  for (const attempt of [limited, free]) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.scheduler.written.length).toBe(1);
});

it('tells on the next stream what it wrote while there was none, as old as it is by then', async () => {
  const stage = await setUp({ script: { rules: [{ at: 'rcpt', delayMs: 400 }] } });
  const attempt = await mail({ limited: true });
  stage.scheduler.assign(attempt);
  await eventually(() => stage.scheduler.begun.length === 1);
  stage.scheduler.close();
  await eventually(() => !stage.sender.ready);
  const heardBefore = stage.scheduler.written.length;
  await stage.scheduler.listen();
  await eventually(() => stage.sender.ready);
  if (heardBefore === 0) await eventually(() => stage.scheduler.written.length === 1);
  expect(stage.scheduler.written.map(({ attemptId }) => attemptId)).toEqual([attempt.attemptId]);
});

const creditsOf = ({ scheduler }: Stage) =>
  scheduler.credits
    .filter(({ upstream }) => upstream === 'main')
    .map(({ window, connections, allotment }) => [window, connections, Number(allotment)]);

it('opens no connection to an upstream with a maximum before the scheduler allots some', async () => {
  const stage = await setUp({ options: 'connections=4&maxConnections=10', script: { rules: [{ at: 'final', delayMs: 300 }] } });
  expect(stage.scheduler.hellos[0]?.credits[0]).toMatchObject({ window: 0, connections: 0 });
  const early = await mail();
  stage.scheduler.assign(early);
  expect(await outcomeOf(stage, early)).toEqual(one(Outcome.DRAINING, 0));
  expect(stage.upstream.counts().connections).toBe(0);
  stage.scheduler.allot('main', 2, 1);
  const attempts = await mails(6);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.counts().mostOpen).toBe(2);
  expect(creditsOf(stage)).toContainEqual([4, 2, 1]);
});

it('closes what is too much after a smaller allotment, and says what is in force as it goes', async () => {
  const stage = await setUp({ options: 'connections=4&maxConnections=10', script: { rules: [{ at: 'final', delayMs: 400 }] } });
  stage.scheduler.allot('main', 3, 1);
  const attempts = await mails(3);
  stage.scheduler.assign(...attempts);
  await eventually(() => stage.upstream.counts().open === 3 && stage.scheduler.begun.length === 3);
  stage.scheduler.allot('main', 1, 2);
  await eventually(() => creditsOf(stage).some(([, , number]) => number === 2));
  // Busy connections are not cut off: three are in force until their mail is through.
  expect(creditsOf(stage).find(([, , number]) => number === 2)).toEqual([2, 3, 2]);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  await eventually(() => creditsOf(stage).at(-1)?.[1] === 1);
  expect(creditsOf(stage).at(-1)).toEqual([2, 1, 2]);
  expect(stage.upstream.counts().open).toBe(1);
});

it('gives back untried what waits for a connection when all of them are allotted to others', async () => {
  const stage = await setUp({ options: 'connections=1&maxConnections=1', script: { rules: [{ at: 'final', delayMs: 400 }] } });
  stage.scheduler.allot('main', 1, 1);
  const [begun, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(begun, waiting);
  await eventually(() => stage.scheduler.begun.length === 1);
  stage.scheduler.allot('main', 0, 2);
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.DRAINING, 0));
  // The scheduler must know that there is no room before it has the mail back.
  expect(creditsOf(stage)).toContainEqual([0, 1, 2]);
  expect(await outcomeOf(stage, begun)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  await eventually(() => stage.upstream.counts().open === 0);
});

it('gives back what a connection that had gone stale did not try, when all of them are allotted to others by then', async () => {
  const stage = await setUp({ options: 'connections=1&maxConnections=1' });
  stage.scheduler.allot('main', 1, 1);
  const first = await mail();
  stage.scheduler.assign(first);
  expect(await outcomeOf(stage, first)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  stage.upstream.setScript({ rules: [{ at: 'mail', delayMs: 500, drop: true, times: 1 }] });
  const second = await mail();
  stage.scheduler.assign(second);
  await eventually(() => stage.scheduler.begun.length === 2);
  stage.scheduler.allot('main', 0, 2);
  expect(await outcomeOf(stage, second)).toEqual(one(Outcome.DRAINING, 0));
});

it('gives back its allotment with its lease: closes its connections, and returns untried what waits for one', async () => {
  const script: Script = { rules: [{ at: 'data', delayMs: 3_000 }] };
  const stage = await setUp({ options: 'connections=1&maxConnections=10', scheduling: { leaseSeconds: 6 }, script });
  stage.scheduler.allot('main', 1, 1);
  const attempts = await mails(2);
  stage.scheduler.script = { answers: false };
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.TOO_LATE, 0));
  await eventually(() => stage.upstream.counts().open === 0);
  expect(stage.upstream.mails).toEqual([]);
});

it('looks after an upstream that no mail goes by, and tells what it found', async () => {
  const stage = await setUp({ checks: { everyMs: 1_000, timeoutMs: 500 } });
  const found = (upstream: string) => stage.scheduler.checks.filter((check) => check.upstream === upstream);
  await eventually(() => found('main').length >= 2 && found('nowhere').length >= 2);
  expect(found('main').every(({ usable, reply }) => usable && !reply)).toBe(true);
  // The first opened it, the next ones ask NOOP on it.
  expect(stage.upstream.counts().connections).toBe(1);
  expect(found('nowhere')[0]).toMatchObject({ usable: false, reply: { code: 0, text: expect.stringContaining('check host and port') } });
  await stage.upstream.goDown();
  const before = found('main').length;
  await eventually(() => found('main').length >= before + 3);
  expect(found('main').at(-1)).toMatchObject({ usable: false });
  await stage.upstream.comeBack();
  await eventually(() => found('main').at(-1)?.usable);
});

it('finds out that an upstream has fallen silent under its mail, and gives back what waits behind it', async () => {
  const script: Script = { rules: [{ at: 'final', delayMs: 60_000 }] };
  const stage = await setUp({ options: 'connections=1', checks: { everyMs: 1_000, timeoutMs: 300 }, script });
  const [stuck, waiting] = (await mails(2)) as [Attempt, Attempt];
  stage.scheduler.assign(stuck, waiting);
  await eventually(() => stage.upstream.mails.length === 1);
  // Slow with its mail is not silent: it still greets whoever comes.
  await eventually(() => stage.scheduler.checks.some(({ upstream, usable }) => upstream === 'main' && usable));
  expect(stage.scheduler.outcome(waiting.attemptId)).toBeUndefined();
  stage.upstream.setScript({ rules: [{ at: 'greeting', delayMs: 60_000 }] });
  expect(await outcomeOf(stage, waiting)).toEqual(one(Outcome.UPSTREAM_DOWN, 0));
  expect(stage.scheduler.checks.at(-1)).toMatchObject({ upstream: 'main', usable: false });
  expect(stage.scheduler.outcome(stuck.attemptId)).toBeUndefined();
});

it('replaces a connection after as many mails as the upstream takes on one', async () => {
  const stage = await setUp({ options: 'connections=4&maxConnections=1&messagesPerConnection=2' });
  stage.scheduler.allot('main', 1, 1);
  const attempts = await mails(5);
  stage.scheduler.assign(...attempts);
  for (const attempt of attempts) expect(await outcomeOf(stage, attempt)).toEqual(one(Outcome.DELIVERED, 250, '2.0.0'));
  expect(stage.upstream.counts()).toMatchObject({ connections: 3, mostOpen: 1 });
});
