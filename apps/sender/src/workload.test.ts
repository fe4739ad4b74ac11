import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { AttemptRecipientSchema, AttemptSchema, Outcome } from '@posthaste/protocol/dispatch';
import { ManualClock } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { type Assignment, Workload } from './workload.ts';

const attempt = (attemptId: string, usefulForMs?: number) =>
  create(AttemptSchema, {
    attemptId,
    messageId: `message of ${attemptId}`,
    recipients: [create(AttemptRecipientSchema, { index: 2 })],
    ...(usefulForMs === undefined ? {} : { usefulFor: durationFromMs(usefulForMs) }),
  });
const delivered = [{ outcome: Outcome.DELIVERED, reply: { code: 250, text: 'Ok' } }];

function workloadOf(...ids: string[]) {
  const clock = new ManualClock(1_000_000);
  const workload = new Workload(clock);
  const assignments = ids.map((id) => workload.admit(attempt(id), 1) as Assignment);
  return { clock, workload, assignments };
}

it('takes an attempt once, also after it was finished', () => {
  const { workload, assignments } = workloadOf('1.1');
  expect(workload.admit(attempt('1.1'), 1)).toBeUndefined();
  workload.finish(assignments[0] as Assignment, delivered);
  expect(workload.admit(attempt('1.1'), 1)).toBeUndefined();
});

it('holds a deadline against the monotonic clock, from when the scheduler wrote it, whatever the wall clock says', () => {
  const { clock, workload } = workloadOf();
  clock.setWallClock(0);
  expect(workload.admit(attempt('1.1', 5_000), 1)?.deadlineAt).toBe(5_000);
  expect(workload.admit(attempt('1.3', 5_000), 1, 700)?.deadlineAt).toBe(4_300);
  expect(workload.admit(attempt('1.2'), 1)?.deadlineAt).toBe(Number.POSITIVE_INFINITY);
});

it('says what it holds, begun or not, and nothing of what is finished', () => {
  const { workload, assignments } = workloadOf('1.1', '1.2', '1.3');
  workload.begin(assignments[1] as Assignment);
  workload.finish(assignments[2] as Assignment, delivered);
  expect(workload.held().map(({ attemptId, begun }) => [attemptId, begun])).toEqual([
    ['1.1', false],
    ['1.2', true],
  ]);
});

it('waits with a begun one until it is confirmed, refused or given up', async () => {
  const { workload, assignments } = workloadOf('1.1', '1.2', '1.3', '1.4');
  for (const assignment of assignments) workload.begin(assignment);
  const answers = assignments.map((assignment) => workload.whenConfirmed(assignment));
  workload.confirm(['1.1', 'unknown'], true);
  workload.confirm(['1.1', '1.2'], false);
  workload.giveUpUnconfirmed(({ attempt: { attemptId } }) => attemptId !== '1.4');
  workload.confirm(['1.3', '1.4'], true);
  expect(await Promise.all(answers)).toEqual([true, false, false, true]);
});

it('gives out an outcome again when it is old enough, until it is acknowledged', async () => {
  const { clock, workload, assignments } = workloadOf('1.1');
  const outcome = workload.finish(assignments[0] as Assignment, delivered, 1_234.5);
  expect(outcome).toMatchObject({ messageId: 'message of 1.1', took: { seconds: 1n, nanos: 235_000_000 } });
  expect(workload.takeUnacknowledged(1_000)).toEqual([]);
  await clock.advance(1_000);
  expect(workload.takeUnacknowledged(1_000)).toEqual([outcome]);
  expect(workload.takeUnacknowledged(1_000)).toEqual([]);
  workload.acknowledge(['1.1', 'unknown']);
  await clock.advance(1_000);
  expect(workload.takeUnacknowledged(1_000)).toEqual([]);
});

it('does not forget what is acknowledged before it is finished', () => {
  const { workload } = workloadOf('1.1');
  workload.acknowledge(['1.1']);
  expect([workload.size, workload.unfinished]).toEqual([1, 1]);
});

it('tells when all is finished, and when all is acknowledged', async () => {
  const { workload, assignments } = workloadOf('1.1');
  const order: string[] = [];
  const waiting = [workload.whenFinished().then(() => order.push('finished')), workload.whenAcknowledged().then(() => order.push('acknowledged'))];
  workload.finish(assignments[0] as Assignment, delivered);
  await waiting[0];
  expect(order).toEqual(['finished']);
  workload.acknowledge(['1.1']);
  await Promise.all(waiting);
});
