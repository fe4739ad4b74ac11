import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lanes, type Lane } from './lane.ts';
import { LaneTable } from './lane-table.ts';
import { Stage } from './simulation/stage.ts';

const waitMs = 2_000;
const patient = { policy: { batch: { size: 5, waitMs } } };
const others = lanes.filter((lane) => lane !== 'immediate');

/** Room for all, so that nothing but the batch is waited for. */
function stageWithRoom(): Stage {
  const stage = new Stage(patient);
  stage.join('sender', { main: 1_000 });
  return stage;
}

describe('mail that may wait for a batch to fill', () => {
  test('goes together when the wait of the first of it is over, and the engine asks to be woken just then', () => {
    const stage = stageWithRoom();
    stage.arrive();
    stage.pass(500);
    stage.arrive();
    expect(stage.takeSent()).toEqual([]);
    expect(stage.engine.nextWake(stage.now)).toBe(1_500);
    stage.pass(1_500);
    expect(stage.takeSent()).toHaveLength(2);
  });

  test('goes at once when the batch is full', () => {
    const stage = stageWithRoom();
    for (let count = 0; count < 4; count += 1) stage.arrive();
    expect(stage.takeSent()).toHaveLength(0);
    stage.arrive();
    expect(stage.takeSent()).toHaveLength(5);
  });

  test('is taken along by an immediate one, which goes first', () => {
    const stage = stageWithRoom();
    stage.arrive({ lane: 'low' });
    stage.arrive({ lane: 'high' });
    stage.arrive({ lane: 'immediate' });
    expect(stage.takeSent().map(({ mail }) => mail.ticket.lane)).toEqual(['immediate', 'high', 'low']);
  });

  test('is taken along by one of a further lane that is stored with the immediate ones, which waits no more than they do', () => {
    const lanes = new LaneTable([
      { name: 'one-time', base: 'immediate' },
      { name: 'wedding-day', base: 'high', targetMs: 60_000 },
    ]);
    const stage = new Stage({ policy: { ...patient.policy, lanes } });
    stage.join('sender', { main: 1_000 });
    stage.arrive({ lane: 'high', furtherLane: 'wedding-day' });
    expect(stage.takeSent()).toEqual([]);
    stage.arrive({ lane: 'immediate', furtherLane: 'one-time' });
    expect(stage.takeSent().map(({ mail }) => mail.lane.name)).toEqual(['one-time', 'wedding-day']);
  });

  test('does not wait when its deadline is near', () => {
    const stage = stageWithRoom();
    stage.arrive({ deadline: stage.now.wall + 2 * waitMs - 1 });
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('waits once: what found no room goes as room comes', () => {
    const stage = new Stage(patient);
    for (let count = 0; count < 5; count += 1) stage.arrive();
    stage.join('sender', { main: 2 });
    const [first] = stage.takeSent();
    stage.report(first!, 'delivered');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('holds up no mail for another upstream', () => {
    const stage = new Stage({ ...patient, upstreams: ['main', 'other'] });
    stage.join('sender', { main: 10, other: 10 });
    stage.arrive();
    stage.arrive({ lane: 'immediate', recipients: [{ address: 'a@other.example' }] });
    expect(stage.takeSent().map(({ upstream }) => upstream)).toEqual(['other']);
  });
});

test('whatever comes and whenever: immediate mail never waits, other mail never longer than it may, and every wake is for something', () => {
  const move = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ lane: fc.constantFrom(...lanes), ttlMs: fc.option(fc.integer({ min: 1, max: 9_000 }), { nil: undefined }) }),
    },
    { weight: 2, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: 1_500 }) }) },
  );
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const stage = stageWithRoom();
      for (const step of moves) {
        if ('passMs' in step) passInWakes(stage, step.passMs);
        else arriveIn(stage, step.lane, step.ttlMs);
        const { wall } = stage.now;
        for (const { mail, waitedMs = 0 } of stage.takeSent()) {
          expect(mail.ticket.deadline ?? Infinity).toBeGreaterThan(wall);
          if (mail.ticket.lane === 'immediate') expect(waitedMs).toBe(0);
          expect(waitedMs).toBeLessThanOrEqual(waitMs);
        }
      }
      passInWakes(stage, waitMs);
      expect(stage.events.filter(({ kind }) => kind === 'expired')).toEqual([]);
      expect(stage.events.filter(({ kind }) => kind === 'started')).toHaveLength(stage.engine.size);
    }),
  );
});

function arriveIn(stage: Stage, lane: Lane, ttlMs: number | undefined): void {
  const { wall } = stage.now;
  stage.arrive({ lane, acceptedAt: wall, ...(ttlMs !== undefined && { deadline: wall + ttlMs }) });
}

/** The time is told only when the engine wants to be told it, as the driver does: a wait that it forgets would go on. */
function passInWakes(stage: Stage, ms: number): void {
  for (let left = ms; left > 0;) {
    const wake = stage.engine.nextWake(stage.now) ?? Infinity;
    expect(wake).toBeGreaterThan(0);
    const step = Math.min(left, wake);
    left -= step;
    if (step === wake) stage.pass(step);
    else stage.rest(step);
  }
  stage.tell({ kind: 'heartbeat', sender: 'sender' });
}

test('without a wait nothing waits, in any lane', () => {
  const stage = new Stage();
  stage.join('sender', { main: 10 });
  for (const lane of others) stage.arrive({ lane });
  expect(stage.takeSent()).toHaveLength(3);
});
