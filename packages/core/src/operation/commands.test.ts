import { describe, expect, test } from 'vitest';
import { effectsOf, recipientsOf, Stage } from '../simulation/stage.ts';
import { changesPerPiece, looksPerPiece } from './walking.ts';
import { commandOf } from '../simulation/stage.ts';

const minute = 60_000;

describe('hold and release', () => {
  test('held mail is not sent, and goes on when it is released', () => {
    const stage = new Stage();
    const ticket = stage.arrive();
    stage.command({ kind: 'hold' });
    stage.join('sender');
    expect(stage.takeSent()).toEqual([]);
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'held', reason: 'HELD_BY_OPERATOR', by: { author: 'kim', comment: 'because' } });
    stage.command({ kind: 'release' });
    expect(stage.takeOnlySent().mail.ticket).toBe(ticket);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'held', 'released', 'started']);
  });

  test('held mail expires at its deadline', () => {
    const stage = new Stage();
    const ticket = stage.arrive({ deadline: stage.now.wall + minute });
    stage.command({ kind: 'hold' });
    stage.pass(minute);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'held', 'expired']);
    expect(stage.engine.census(stage.now.wall).difference).toBe(0);
  });

  test('released mail stands where it stood: behind what came before it, and before its due time not at all', () => {
    const stage = new Stage();
    const due = stage.now.wall + minute;
    const waits = stage.arrive({ due });
    const [first, second] = [stage.arrive(), stage.arrive()];
    stage.command({ kind: 'hold' });
    stage.command({ kind: 'release' });
    stage.join('sender');
    expect(stage.takeSent().map(({ mail }) => mail.ticket)).toEqual([first, second]);
    expect(stage.stateOf(waits)).toMatchObject({ kind: 'queued', due });
  });

  test('what is with a sender is asked back: held when it comes back untried, too late when it was delivered', () => {
    const stage = new Stage();
    stage.join('sender');
    const [returns, delivered] = [stage.arrive(), stage.arrive()];
    const [first, second] = stage.takeSent();
    stage.effects.splice(0);
    const id = stage.command({ kind: 'hold' });
    expect(stage.progressOf(id)).toMatchObject({ done: false, matched: 2, changed: 0, pending: 2 });
    stage.report(first!, 'tooLate');
    stage.report(second!, 'delivered');
    expect(stage.stateOf(returns)?.kind).toBe('held');
    expect(stage.storyOf(delivered)).toEqual(['accepted', 'started', 'delivered']);
    expect(stage.progressOf(id)).toMatchObject({ done: true, changed: 1, pending: 0, unchanged: { TOO_LATE: 1 } });
  });

  test('a sender that comes back is asked again', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive();
    const attempt = stage.takeOnlySent();
    stage.command({ kind: 'cancel' });
    stage.tell({ kind: 'disconnected', sender: 'sender' });
    const step = stage.join('sender', { main: 1 }, { held: [{ attempt: attempt.id, begun: false }] });
    expect(effectsOf(step, 'cancel')).toEqual([{ kind: 'cancel', sender: 'sender', attempts: [attempt.id] }]);
  });
});

describe('cancel', () => {
  test('withdraws for good what is ready, due later, or held, and its entry is trimmed', () => {
    const stage = new Stage();
    const mails = [stage.arrive(), stage.arrive({ due: stage.now.wall + minute }), stage.arrive()];
    stage.command({ kind: 'hold' }, { ids: [mails[2]!.id] });
    const id = stage.command({ kind: 'cancel' });
    expect(stage.progressOf(id)).toMatchObject({ done: true, matched: 3, changed: 3 });
    expect(stage.engine.size).toBe(0);
    expect(stage.engine.census(0).difference).toBe(0);
    stage.join('sender');
    expect(stage.takeSent()).toEqual([]);
  });

  test('concerns the recipients that are named, and no others', () => {
    const stage = new Stage();
    const recipients = [{ address: 'a@Example.net' }, { address: 'b@other.example' }];
    const ticket = stage.arrive({ recipients });
    stage.command({ kind: 'cancel' }, { domain: 'example.net' });
    expect([stage.stateOf(ticket, 0)?.kind, stage.stateOf(ticket, 1)?.kind]).toEqual(['cancelled', 'queued']);
  });
});

describe('time', () => {
  test('retry makes ready what waits, and spends no attempt', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    stage.report(stage.takeOnlySent(), 'deferred');
    expect(stage.takeSent()).toEqual([]);
    stage.command({ kind: 'retry' });
    expect(stage.takeOnlySent().mail.ticket).toBe(ticket);
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'sending', attempts: 1 });
  });

  test('rescheduled mail goes at its new time, and not after its deadline', () => {
    const stage = new Stage();
    const deadline = stage.now.wall + 10 * minute;
    const ticket = stage.arrive({ deadline });
    const late = stage.command({ kind: 'reschedule', due: deadline });
    expect(stage.progressOf(late)).toMatchObject({ changed: 0, unchanged: { NOT_APPLICABLE: 1 } });
    stage.command({ kind: 'reschedule', due: stage.now.wall + minute });
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', reason: 'SCHEDULED' });
    stage.pass(minute - 1);
    stage.join('sender');
    expect(stage.takeSent()).toEqual([]);
    stage.pass(1);
    expect(stage.takeOnlySent().mail.ticket).toBe(ticket);
  });

  test('held mail has to be released first', () => {
    const stage = new Stage();
    stage.arrive();
    stage.command({ kind: 'hold' });
    expect(stage.progressOf(stage.command({ kind: 'retry' }))).toMatchObject({ changed: 0, unchanged: { HELD: 1 } });
  });
});

describe('order and destination', () => {
  test('a mail that was made urgent overtakes, and one that was made less urgent is overtaken', () => {
    const stage = new Stage();
    const mails = [stage.arrive({ lane: 'high' }), stage.arrive(), stage.arrive({ lane: 'low' })];
    stage.command({ kind: 'changeLane', lane: 'low' }, { ids: [mails[0]!.id] });
    stage.command({ kind: 'changeLane', lane: 'immediate' }, { ids: [mails[2]!.id] });
    stage.join('sender');
    expect(stage.takeSent().map(({ mail }) => mails.indexOf(mail.ticket))).toEqual([2, 1, 0]);
  });

  test('its entry stays in the log that it came by', () => {
    const stage = new Stage();
    stage.arrive({ lane: 'low' });
    stage.command({ kind: 'changeLane', lane: 'immediate' });
    stage.join('sender');
    expect(effectsOf(stage.report(stage.takeOnlySent(), 'delivered'), 'trim')).toEqual([{ kind: 'trim', lane: 'low', upTo: 1 }]);
  });

  test('moved mail goes by another upstream, and only by that', () => {
    const stage = new Stage({ upstreams: ['main', 'other'] });
    const ticket = stage.arrive();
    stage.command({ kind: 'move', upstream: 'other' }, { upstream: 'main' });
    stage.join('sender', { main: 5 });
    expect(stage.takeSent()).toEqual([]);
    stage.join('second', { other: 5 });
    expect(stage.takeOnlySent()).toMatchObject({ upstream: 'other', mail: { ticket } });
  });
});

describe('a command', () => {
  test('names by tenant, lane, campaign, tag, state, reason and age', () => {
    const stage = new Stage();
    const mail = stage.arrive({ tenant: 'globex', lane: 'high', tags: { campaign: 'spring', shop: 'de' }, due: stage.now.wall + minute });
    stage.arrive();
    const count = (selector: Parameters<Stage['command']>[1]) =>
      stage.progressOf(stage.command({ kind: 'hold' }, selector, { dryRun: true }))?.changed;
    const { acceptedAt, id } = mail;
    const selectors = [
      { tenant: 'globex' },
      { lane: 'high' },
      { campaign: 'spring' },
      { tags: { shop: 'de' } },
      { reason: 'SCHEDULED' },
      { ids: [id] },
    ] as const;
    expect(selectors.map(count)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(count({ state: 'queued' })).toBe(2);
    expect(count({ acceptedBefore: acceptedAt + 1 })).toBe(2);
    expect([count({ acceptedBefore: acceptedAt }), count({ tenant: 'globex', lane: 'low' }), count({ state: 'held' })]).toEqual([0, 0, 0]);
  });

  test('that only counts changes and journals nothing', () => {
    const stage = new Stage();
    stage.arrive({ recipients: recipientsOf(3) });
    stage.events.splice(0);
    expect(stage.progressOf(stage.command({ kind: 'cancel' }, {}, { dryRun: true }))).toMatchObject({ done: true, matched: 3, changed: 3 });
    expect(stage.events).toEqual([]);
  });

  test('that comes again is the same one', () => {
    const stage = new Stage();
    stage.arrive();
    const command = commandOf({ kind: 'hold' });
    for (let times = 0; times < 2; times += 1) stage.tell({ kind: 'command', command, dryRun: false });
    stage.workOff();
    stage.arrive();
    stage.tell({ kind: 'command', command, dryRun: false });
    expect(stage.events.filter(({ kind }) => kind === 'held' || kind === 'commanded')).toHaveLength(2);
    expect(stage.progressOf(command.id)).toMatchObject({ matched: 1, changed: 1 });
  });

  test('tells how many of its ids are not here', () => {
    const stage = new Stage();
    const { id } = stage.arrive();
    const command = stage.command({ kind: 'hold' }, { ids: [id, 'nobody'] });
    expect(stage.progressOf(command)).toMatchObject({ matched: 1, changed: 1, unchanged: { NOT_FOUND: 1 } });
  });

  test('is worked off in bounded pieces, each after the journal has taken the one before, and mail is dispatched in between', () => {
    const stage = new Stage();
    const count = 3_000;
    for (let arrived = 0; arrived < count; arrived += 1) stage.arrive({ lane: 'low' });
    stage.join('sender', { main: 1 });
    let current = stage.takeOnlySent();
    let step = stage.tell({ kind: 'command', command: commandOf({ kind: 'cancel' }), dryRun: false });
    const pieces: number[] = [];
    while (effectsOf(step, 'workOn').length > 0) {
      pieces.push(step.records.filter(({ event }) => event.kind === 'cancelled').length);
      // Nothing more is done before the acknowledgement, whatever else happens.
      expect(stage.pass(1).records.filter(({ event }) => event.kind === 'cancelled')).toEqual([]);
      const urgent = stage.arrive({ lane: 'immediate' });
      stage.report(current, 'delivered');
      current = stage.takeOnlySent();
      expect(current.mail.ticket).toBe(urgent);
      step = stage.tell({ kind: 'workOn' });
    }
    expect(Math.max(...pieces)).toBe(changesPerPiece);
    expect(pieces.length).toBeGreaterThanOrEqual(count / changesPerPiece);
  });

  test('looks at a bounded number of mails at a time when it finds nothing to change', () => {
    const stage = new Stage();
    for (let arrived = 0; arrived < 2 * looksPerPiece + 1; arrived += 1) stage.arrive({ tenant: arrived % 2 ? 'acme' : 'globex' });
    let step = stage.tell({ kind: 'command', command: commandOf({ kind: 'cancel' }, { tenant: 'nobody' }), dryRun: false });
    let pieces = 0;
    for (; effectsOf(step, 'workOn').length > 0; step = stage.tell({ kind: 'workOn' })) pieces += 1;
    expect(pieces).toBe(3);
  });

  test('waits for those that were given before it', () => {
    const stage = new Stage();
    for (let arrived = 0; arrived < changesPerPiece + 1; arrived += 1) stage.arrive();
    stage.tell({ kind: 'command', command: commandOf({ kind: 'hold' }), dryRun: false });
    const release = stage.command({ kind: 'release' });
    expect(stage.progressOf(release)).toMatchObject({ changed: changesPerPiece + 1 });
  });
});
