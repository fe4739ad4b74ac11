import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from './engine-state.ts';
import { recentSpanMs } from './recent-ids.ts';
import type { Attempt } from './sender-table.ts';
import { began, effectsOf, Stage, ticketOf } from './simulation/stage.ts';

const minute = 60_000;
const hour = 60 * minute;
/** Back and forth, by less than what counts as a jump and by years. */
const jumps = fc.constantFrom(-87_600 * hour, -26 * hour, -3 * hour, -10_000, -400, 400, 10_000, 3 * hour, 26 * hour, 87_600 * hour);

/** What is sent when a sender comes: the lease of an earlier one has ended in the meantime. */
function sentNow(stage: Stage): Attempt[] {
  if (stage.sent.length === 0) stage.join('sender');
  return stage.takeSent();
}

function stageWithRetries(delaysMs: readonly number[]): Stage {
  const stage = new Stage({ policy: { retry: { ...defaultPolicy.retry, default: { kind: 'fixed', delaysMs } } } });
  stage.join('sender');
  return stage;
}

describe('a retry', () => {
  it('comes after the same while, however the wall clock is set in it', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ after: fc.integer({ min: 1, max: 50 }), by: jumps }), { maxLength: 5 }), (sets) => {
        const stage = stageWithRetries([5 * minute]);
        const ticket = stage.arrive();
        stage.report(stage.takeOnlySent(), 'deferred');
        let left = 5 * minute;
        for (const { after, by } of sets) {
          stage.pass(after * 1_000);
          left -= after * 1_000;
          stage.setWallClock(by);
          expect(sentNow(stage)).toEqual([]);
        }
        // Less than a second is no jump: clocks are slewed all the time.
        const drift = sets.filter(({ by }) => Math.abs(by) < 1_000).reduce((sum, { by }) => sum + by, 0);
        expect(stage.engine.nextWake(stage.now)).toBeLessThanOrEqual(left - drift);
        stage.pass(left - drift - 1);
        expect(sentNow(stage)).toEqual([]);
        stage.pass(1);
        expect(sentNow(stage).map(({ mail }) => mail.ticket)).toEqual([ticket]);
      }),
    );
  });

  it('is told by the wall clock as that goes now', () => {
    const stage = stageWithRetries([5 * minute]);
    const ticket = stage.arrive();
    stage.report(stage.takeOnlySent(), 'deferred');
    stage.setWallClock(3 * hour);
    expect(stage.engine.find(ticket.id)?.recipients[0]).toMatchObject({ due: stage.now.wall + 5 * minute, state: { due: began + 5 * minute } });
  });

  it('is not given up as too old because the wall clock was set ahead', () => {
    const stage = stageWithRetries([minute, minute]);
    const ticket = stage.arrive();
    stage.setWallClock(30 * 24 * hour);
    stage.report(stage.takeOnlySent(), 'deferred');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', due: stage.now.wall + minute });
  });
});

describe('a time that somebody named', () => {
  const noon = began + 4 * hour;

  it('is kept by the wall clock, also when that jumps there', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive({ due: noon });
    stage.setWallClock(4 * hour - 1);
    expect(stage.takeSent()).toEqual([]);
    expect(stage.engine.nextWake(stage.now)).toBe(1);
    stage.pass(1);
    expect(stage.takeSent()).toHaveLength(1);
  });

  it('is waited for once more when the wall clock is set back before it was used', () => {
    const stage = new Stage();
    stage.arrive({ due: noon });
    stage.pass(4 * hour);
    stage.setWallClock(-2 * hour);
    expect(sentNow(stage)).toEqual([]);
    stage.pass(2 * hour - 1);
    expect(sentNow(stage)).toEqual([]);
    stage.pass(1);
    expect(sentNow(stage)).toHaveLength(1);
  });

  it('is a deadline too, and expires what waits when the wall clock jumps past it', () => {
    const stage = new Stage();
    const ticket = stage.arrive({ deadline: noon });
    stage.setWallClock(4 * hour);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'expired']);
  });

  it('calls back what a sender has not handed over when the wall clock jumps past the deadline', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive({ deadline: noon });
    const attempt = stage.takeOnlySent();
    expect(effectsOf(stage.setWallClock(4 * hour), 'cancel')).toEqual([{ kind: 'cancel', sender: 'sender', attempts: [attempt.id] }]);
    stage.report(attempt, 'draining');
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'returned', 'expired']);
  });
});

describe('a time to live', () => {
  it('lasts as long as it was meant to, however the wall clock is set in it', () => {
    fc.assert(
      fc.property(fc.array(jumps, { maxLength: 5 }), (sets) => {
        const stage = new Stage();
        const ticket = stage.arrive({ deadline: began + 10 * minute, byAge: true });
        for (const by of sets) {
          stage.pass(minute);
          stage.setWallClock(by);
        }
        const drift = sets.filter((by) => Math.abs(by) < 1_000).reduce((sum, by) => sum + by, 0);
        stage.pass((10 - sets.length) * minute - drift - 1);
        expect(stage.storyOf(ticket)).toEqual(['accepted']);
        stage.pass(1);
        expect(stage.storyOf(ticket)).toEqual(['accepted', 'expired']);
      }),
    );
  });

  it('is the sender’s to keep by its remaining time, whatever either machine calls the time', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive({ deadline: began + 10 * minute, byAge: true });
    const { mail } = stage.takeOnlySent();
    stage.pass(minute);
    stage.setWallClock(-3 * hour);
    expect(stage.engine.usefulForMs(mail, stage.now)).toBe(9 * minute);
  });

  it('of mail that comes after a jump counts from then', () => {
    const stage = new Stage();
    const before = stage.arrive({ deadline: began + 10 * minute, byAge: true });
    stage.setWallClock(-3 * hour);
    const after = stage.arrive({ acceptedAt: stage.now.wall, deadline: stage.now.wall + 5 * minute, byAge: true });
    stage.pass(5 * minute);
    expect([stage.storyOf(before), stage.storyOf(after)]).toEqual([['accepted'], ['accepted', 'expired']]);
  });
});

describe('a wall clock that is set back', () => {
  it('puts no new mail before what has waited for long', () => {
    const stage = new Stage();
    const old = stage.arrive();
    stage.pass(minute);
    stage.setWallClock(-3 * hour);
    const young = stage.arrive({ acceptedAt: stage.now.wall });
    stage.join('sender', { main: 1 });
    expect(stage.takeOnlySent().mail.ticket).toEqual(old);
    stage.join('another', { main: 1 });
    expect(stage.takeOnlySent().mail.ticket).toEqual(young);
  });

  it('neither forgets what has finished nor remembers it for hours', () => {
    for (const by of [-3 * hour, 3 * hour]) {
      const stage = new Stage();
      const finish = () => {
        stage.join('sender');
        const ticket = stage.arrive();
        stage.report(stage.takeOnlySent(), 'delivered');
        return ticket;
      };
      const first = finish();
      stage.setWallClock(by);
      const second = finish();
      stage.setWallClock(by);
      expect([first, second].map(({ id }) => stage.engine.finishedLately(id))).toEqual([true, true]);
      for (let spans = 0; spans < 3; spans += 1) {
        stage.pass(recentSpanMs);
        finish();
      }
      expect([first, second].map(({ id }) => stage.engine.finishedLately(id))).toEqual([false, false]);
    }
  });
});

it('a jump over many due times makes them ready a few at a time, and the time is asked for again at once', () => {
  const stage = new Stage();
  const count = 10_000;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const ticket = ticketOf({ due: began + hour + sequence, lane: 'low' });
    stage.engine.handle({ kind: 'arrived', ticket, place: { kind: 'wait', sequence } }, stage.now);
  }
  stage.join('sender', { main: count });
  stage.setWallClock(2 * hour);
  let sent = 0;
  while (sent < count) {
    const some = stage.takeSent().length;
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThanOrEqual(2_000);
    sent += some;
    if (sent < count) expect(stage.engine.nextWake(stage.now)).toBe(0);
    stage.pass(1);
  }
  expect(stage.takeSent()).toEqual([]);
});
