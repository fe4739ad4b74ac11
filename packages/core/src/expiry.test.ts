import { describe, expect, it } from 'vitest';
import type { JournalEvent } from './journal.ts';
import type { Remains } from './restoring.ts';
import { recipientsOf, Stage, touchy } from './simulation/stage.ts';
import type { Place, Ticket } from './ticket.ts';

const second = 1_000;
const lifeMs = 60 * second;

/** Where mail can be when its deadline comes, and what its story is then. The sender reports, if at all, only after it. */
const states: readonly (readonly [state: string, bring: (stage: Stage, times: Partial<Ticket>) => Ticket, story: readonly string[]])[] = [
  ['ready, without a sender', (stage, times) => stage.arrive(times), ['accepted', 'expired']],
  ['waiting for its time', (stage, times) => stage.arrive({ ...times, due: stage.now.wall + 2 * lifeMs }), ['accepted', 'expired']],
  ['waiting for a retry', (stage, times) => tried(stage, times, 'deferred'), ['accepted', 'started', 'deferred', 'expired']],
  ['waiting after a doubt', (stage, times) => tried(stage, times, 'inDoubt'), ['accepted', 'started', 'doubted', 'deferred', 'expired']],
  [
    'ready while its upstream is down',
    (stage, times) => {
      tried(stage, {}, 'upstreamDown');
      return stage.arrive(times);
    },
    ['accepted', 'expired'],
  ],
  ['on its way to WAIT', (stage, times) => moving(stage, times), ['accepted', 'expired']],
];

function tried(stage: Stage, times: Partial<Ticket>, outcome: 'deferred' | 'inDoubt' | 'upstreamDown'): Ticket {
  stage.join('sender');
  const ticket = stage.arrive(times);
  stage.report(stage.takeOnlySent(), outcome);
  return ticket;
}

/** A full log whose finished mail lies above it. */
function moving(stage: Stage, times: Partial<Ticket>): Ticket {
  const ticket = stage.arrive({ ...times, due: stage.now.wall + 2 * lifeMs });
  stage.join('sender');
  stage.arrive();
  stage.arrive();
  for (const attempt of stage.takeSent()) stage.report(attempt, 'delivered');
  stage.tell({ kind: 'measured', lane: 'normal', bytes: 1_000_000, limitBytes: 1_000_000 });
  expect(stage.effects.filter(({ kind }) => kind === 'copy')).toHaveLength(1);
  return ticket;
}

describe.each([
  ['a time', {}],
  ['an age', { byAge: true as const }],
])('a deadline that is %s', (_kind, kind) => {
  it.each(states)('ends mail that is %s, to the millisecond and not before', (_state, bring, story) => {
    const stage = new Stage({ policy: touchy });
    const { wall } = stage.now;
    const ticket = bring(stage, { deadline: wall + lifeMs, ...kind });
    stage.pass(lifeMs - 1);
    expect(stage.storyOf(ticket)).toEqual(story.slice(0, -1));
    expect(stage.engine.nextWake(stage.now)).toBeLessThanOrEqual(1);
    stage.pass(1);
    expect(stage.storyOf(ticket)).toEqual(story);
    // Whatever comes now, nothing is sent.
    stage.join('another');
    stage.tell({ kind: 'not copied', id: ticket.id });
    stage.pass(3 * lifeMs);
    expect(stage.storyOf(ticket)).toEqual(story);
    expect(stage.engine.find(ticket.id)).toBeUndefined();
  });

  it.each(['deferred', 'inDoubt', 'upstreamDown', 'draining', 'tooLate', 'bodyUnavailable'] as const)(
    'ends mail that is with a sender, as soon as that reports %s',
    (outcome) => {
      const stage = new Stage({ policy: touchy });
      stage.join('sender');
      const ticket = stage.arrive({ deadline: stage.now.wall + 5 * second, ...kind });
      const attempt = stage.takeOnlySent();
      stage.pass(5 * second);
      expect(stage.storyOf(ticket)).toEqual(['accepted', 'started']);
      stage.report(attempt, outcome);
      expect(stage.storyOf(ticket).at(-1)).toBe('expired');
    },
  );

  it('ends mail whose sender has gone, with its lease', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive({ deadline: stage.now.wall + 5 * second, ...kind });
    stage.takeOnlySent();
    stage.pass(20 * second);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'returned', 'expired']);
  });

  it('leaves alone what was handed over in time, though its report comes late', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive({ deadline: stage.now.wall + 5 * second, ...kind });
    const attempt = stage.takeOnlySent();
    stage.pass(6 * second);
    stage.report(attempt, 'delivered');
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'delivered']);
  });

  it('ends the recipients that wait, and not those that are being sent to', () => {
    const stage = new Stage({ policy: { maxRecipientsPerAttempt: 1 } });
    stage.join('sender', { main: 1 });
    const ticket = stage.arrive({ deadline: stage.now.wall + 5 * second, recipients: recipientsOf(2), ...kind });
    const attempt = stage.takeOnlySent();
    stage.pass(5 * second);
    expect([0, 1].map((recipient) => stage.stateOf(ticket, recipient)?.kind)).toEqual(['sending', 'expired']);
    stage.report(attempt, 'delivered');
    expect(stage.events.at(-1)).toMatchObject({ kind: 'delivered', recipients: [0] });
  });

  it('ends mail that the scheduler was away for: what it reads late, and what it knew', () => {
    const [early, owner] = [new Stage(), new Stage({ epoch: 2 })];
    const known = early.arrive({ deadline: early.now.wall + lifeMs, ...kind });
    owner.setWallClock(2 * lifeMs);
    restore(owner, known, early.events);
    const late = owner.arrive({ deadline: owner.now.wall - 1, ...kind });
    owner.join('sender');
    expect([known, late].map((ticket) => owner.storyOf(ticket))).toEqual([['expired'], ['accepted', 'expired']]);
    expect(owner.takeSent()).toEqual([]);
  });
});

function restore({ engine, now }: Stage, ticket: Ticket, events: readonly JournalEvent[]): void {
  const empty = { first: 1, last: 0, sameStream: true };
  const extents: Remains['extents'] = { wait: empty, immediate: empty, high: empty, normal: { ...empty, last: 1 }, low: empty };
  const sequenced = events.map((event, index) => ({ event, epoch: 1, sequence: index + 1 }));
  const place: Place = { kind: 'log', lane: 'normal', sequence: 1 };
  engine.restoreMarks({ snapshot: null, events: sequenced, extents, deadLast: 0, finishedIds: [] }, now);
  engine.restoreTicket(ticket, place);
  for (const { event, sequence } of sequenced) engine.replay(event, sequence);
  engine.finishRestoring(now);
}
