import { describe, expect, test } from 'vitest';
import { effectsOf, outcomeOf, recipientsOf, Stage, ticketOf, touchy } from './simulation/stage.ts';

const minute = 60_000;

describe('the good road', () => {
  test('a mail is journalled as accepted and started, sent, and its entry trimmed once it is delivered', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    const attempt = stage.takeOnlySent();
    expect(attempt.recipients).toEqual([0]);
    const step = stage.report(attempt, 'delivered');
    expect(step.effects).toEqual([
      { kind: 'acknowledge', sender: 'sender', attempts: [attempt.id] },
      { kind: 'trim', lane: 'normal', upTo: 1 },
    ]);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'delivered']);
    expect(stage.engine.size).toBe(0);
  });

  test('a step hands out the sending together with the entry that must be journalled before it', () => {
    const stage = new Stage();
    stage.arrive();
    const step = stage.join('sender');
    expect(step.records.map(({ event }) => event.kind)).toEqual(['started']);
    expect(effectsOf(step, 'send')).toHaveLength(1);
  });

  test('an entry is not trimmed while one below it is unfinished', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive();
    stage.arrive();
    const [first, second] = stage.takeSent();
    expect(effectsOf(stage.report(second!, 'delivered'), 'trim')).toEqual([]);
    expect(effectsOf(stage.report(first!, 'delivered'), 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 2 }]);
  });

  test('immediate mail overtakes a backlog', () => {
    const stage = new Stage();
    for (let count = 0; count < 100; count += 1) stage.arrive({ lane: 'low' });
    const urgent = stage.arrive({ lane: 'immediate' });
    stage.join('sender', { main: 1 });
    expect(stage.takeOnlySent().mail.ticket).toBe(urgent);
  });
});

describe('credit', () => {
  test('a sender never holds more than its window', () => {
    const stage = new Stage();
    for (let count = 0; count < 10; count += 1) stage.arrive();
    stage.join('sender', { main: 3 });
    const sent = stage.takeSent();
    expect(sent).toHaveLength(3);
    stage.report(sent[0]!, 'delivered');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('a window that shrinks below what is held lets nothing more through', () => {
    const stage = new Stage();
    for (let count = 0; count < 10; count += 1) stage.arrive();
    stage.join('sender', { main: 3 });
    stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 1 });
    const sent = stage.takeSent();
    stage.report(sent[0]!, 'delivered');
    stage.report(sent[1]!, 'delivered');
    expect(stage.takeSent()).toHaveLength(0);
    stage.report(sent[2]!, 'delivered');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('room for one upstream is none for another', () => {
    const stage = new Stage({ upstreams: ['main', 'other'] });
    stage.arrive({ recipients: recipientsOf(1, 'other.example') });
    stage.join('sender', { main: 5 });
    expect(stage.takeSent()).toHaveLength(0);
    stage.tell({ kind: 'credit', sender: 'sender', upstream: 'other', window: 1 });
    expect(stage.takeOnlySent().upstream).toBe('other');
  });

  test('the sender with the most room is given the next one', () => {
    const stage = new Stage();
    stage.join('small', { main: 2 });
    stage.join('large', { main: 4 });
    for (let count = 0; count < 6; count += 1) stage.arrive();
    expect(stage.takeSent().map(({ sender }) => sender)).toEqual(['large', 'large', 'small', 'large', 'small', 'large']);
  });
});

describe('an upstream that is down', () => {
  test('spends no attempt, and is probed with one attempt after 1, 2, 4, 8, 16 seconds and then every 30', () => {
    const stage = new Stage({ policy: touchy });
    stage.join('sender', { main: 2 });
    const first = stage.arrive();
    const second = stage.arrive();
    for (const attempt of stage.takeSent()) stage.report(attempt, 'upstreamDown');
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      stage.tell({ kind: 'heartbeat', sender: 'sender' });
      expect(stage.engine.nextWake(stage.now)).toBe(Math.min(seconds, 15) * 1_000);
      for (let step = 0; step < 9; step += 1) passTenth(stage, seconds);
      expect(stage.takeSent()).toEqual([]);
      passTenth(stage, seconds);
      stage.report(stage.takeOnlySent(), 'upstreamDown');
    }
    for (const ticket of [first, second]) expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', attempts: 0, reason: 'UPSTREAM_DOWN' });
  });

  test('is used again as soon as a probe hears a word of it', () => {
    const stage = new Stage({ policy: touchy });
    stage.join('sender', { main: 1 });
    stage.arrive();
    stage.report(stage.takeOnlySent(), 'upstreamDown');
    stage.arrive();
    stage.arrive();
    stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 5 });
    stage.pass(1_000);
    stage.report(stage.takeOnlySent(), 'deferred');
    expect(stage.takeSent()).toHaveLength(2);
  });

  test('holds up nothing for another upstream', () => {
    const stage = new Stage({ upstreams: ['main', 'other'], policy: touchy });
    stage.join('sender', { main: 5, other: 5 });
    stage.arrive();
    stage.report(stage.takeOnlySent(), 'upstreamDown');
    for (let count = 0; count < 3; count += 1) stage.arrive({ recipients: recipientsOf(1, 'other.example') });
    expect(stage.takeSent().map(({ upstream }) => upstream)).toEqual(['other', 'other', 'other']);
  });

  test('is not waited for while no sender could probe it', () => {
    const stage = new Stage({ policy: touchy });
    stage.join('sender', { main: 1 });
    stage.arrive();
    stage.report(stage.takeOnlySent(), 'upstreamDown');
    stage.tell({ kind: 'disconnected', sender: 'sender' });
    stage.pass(20_000);
    expect(stage.engine.nextWake(stage.now)).toBeNull();
    stage.join('sender');
    expect(stage.takeSent()).toHaveLength(1);
  });

  test('a probe whose sender goes away leaves its place to the next', () => {
    const stage = new Stage({ policy: touchy });
    stage.join('sender', { main: 1 });
    stage.arrive();
    stage.report(stage.takeOnlySent(), 'upstreamDown');
    stage.pass(1_000);
    stage.takeOnlySent();
    stage.pass(15_000);
    stage.join('another');
    expect(stage.takeOnlySent().sender).toBe('another');
  });
});

function passTenth(stage: Stage, seconds: number): void {
  stage.tell({ kind: 'heartbeat', sender: 'sender' });
  stage.pass(seconds * 100);
}

describe('a sender that goes away', () => {
  test('what it had begun is in doubt, counted and postponed; what it had not begun is ready at once', () => {
    const stage = new Stage();
    stage.join('sender', { main: 2 });
    const begun = stage.arrive();
    const waiting = stage.arrive();
    const [first] = stage.takeSent();
    stage.tell({ kind: 'begun', sender: 'sender', attempts: [first!.id] });
    stage.pass(15_000);
    expect(stage.storyOf(begun)).toEqual(['accepted', 'started', 'doubted', 'deferred']);
    expect(stage.stateOf(begun)).toMatchObject({ kind: 'queued', attempts: 1, reason: 'IN_DOUBT', due: stage.now.wall + minute });
    expect(stage.stateOf(waiting)).toMatchObject({ kind: 'queued', attempts: 0, reason: 'SENDER_GONE', due: 0 });
  });

  test('every word renews its lease', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    const { id } = stage.takeOnlySent();
    const words = [
      () => stage.tell({ kind: 'heartbeat', sender: 'sender' }),
      () => stage.tell({ kind: 'begun', sender: 'sender', attempts: [id] }),
      () => stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 3 }),
      () => stage.tell({ kind: 'reported', sender: 'sender', outcomes: [] }),
    ];
    for (const say of words) {
      stage.pass(14_999);
      say();
    }
    stage.pass(14_999);
    expect(stage.stateOf(ticket)?.kind).toBe('sending');
    stage.pass(1);
    expect(stage.stateOf(ticket)?.kind).toBe('queued');
  });

  test('is given nothing while it has no stream, though its lease goes on', () => {
    const stage = new Stage();
    stage.join('sender');
    const held = stage.arrive();
    stage.takeOnlySent();
    stage.tell({ kind: 'disconnected', sender: 'sender' });
    stage.arrive();
    expect(stage.takeSent()).toEqual([]);
    expect(stage.stateOf(held)?.kind).toBe('sending');
  });

  test('is told to say hello again when its lease ends on an open stream', () => {
    const stage = new Stage();
    stage.join('sender');
    expect(effectsOf(stage.pass(15_000), 'dismiss')).toEqual([{ kind: 'dismiss', sender: 'sender' }]);
  });

  test('a late word of success counts after a doubt, and nothing is sent again', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    const attempt = stage.takeOnlySent();
    stage.tell({ kind: 'begun', sender: 'sender', attempts: [attempt.id] });
    stage.pass(15_000);
    stage.report(attempt, 'delivered');
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'doubted', 'deferred', 'delivered']);
    expect(stage.engine.finishedLately(ticket.id)).toBe(true);
    stage.join('sender');
    stage.pass(minute);
    expect(stage.takeSent()).toEqual([]);
  });

  test('a late word of success does not count once a newer attempt is under way', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    const attempt = stage.takeOnlySent();
    stage.pass(15_000);
    stage.join('another');
    const newer = stage.takeOnlySent();
    stage.report(attempt, 'delivered');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'sending', attempt: newer.id });
  });
});

describe('hello', () => {
  test('held attempts go on, reported ones end, and what never arrived is ready again', () => {
    const stage = new Stage();
    stage.join('sender', { main: 3 });
    const [held, reported, lost] = [stage.arrive(), stage.arrive(), stage.arrive()];
    const [first, second, third] = stage.takeSent();
    stage.tell({ kind: 'disconnected', sender: 'sender' });
    const outcomes = [outcomeOf(second!, 'delivered')];
    stage.join('sender', { main: 0 }, { held: [{ attempt: first!.id, begun: true }], outcomes });
    expect(stage.stateOf(held)).toMatchObject({ kind: 'sending', attempt: first!.id });
    expect(stage.engine.finishedLately(reported.id)).toBe(true);
    expect(stage.stateOf(lost)).toMatchObject({ kind: 'queued', attempts: 0, attempt: third!.id });
  });

  test('outcomes said in it are acknowledged', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive();
    const attempt = stage.takeOnlySent();
    const step = stage.join('sender', { main: 1 }, { outcomes: [outcomeOf(attempt, 'delivered')] });
    expect(effectsOf(step, 'acknowledge')).toEqual([{ kind: 'acknowledge', sender: 'sender', attempts: [attempt.id] }]);
  });

  test('what a sender holds and should not is cancelled', () => {
    const stage = new Stage();
    const step = stage.join('sender', { main: 1 }, { held: [{ attempt: '0.7', begun: false }] });
    expect(effectsOf(step, 'cancel')).toEqual([{ kind: 'cancel', sender: 'sender', attempts: ['0.7'] }]);
  });

  test('an attempt that was concluded before its batch was sent is no longer current', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive();
    const attempt = stage.takeOnlySent();
    expect(stage.engine.isCurrent(attempt)).toBe(true);
    stage.join('sender');
    expect(stage.engine.isCurrent(attempt)).toBe(false);
  });
});

describe('deadlines', () => {
  test('mail expires while it waits', () => {
    const stage = new Stage();
    const ticket = stage.arrive({ deadline: stage.now.wall + 5_000 });
    expect(stage.engine.nextWake(stage.now)).toBe(5_000);
    stage.pass(5_000);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'expired']);
    expect(stage.effects).toContainEqual({ kind: 'trim', lane: 'normal', upTo: 1 });
  });

  test('mail that is with a sender expires when it comes back undelivered', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive({ deadline: stage.now.wall + 5_000 });
    const attempt = stage.takeOnlySent();
    stage.pass(5_000);
    expect(stage.stateOf(ticket)?.kind).toBe('sending');
    stage.report(attempt, 'tooLate');
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'returned', 'expired']);
  });

  test('mail is never handed out late, even when nobody has told the time yet', () => {
    const stage = new Stage();
    stage.arrive({ deadline: stage.now.wall - 1 });
    stage.join('sender');
    expect(stage.takeSent()).toEqual([]);
    expect(stage.events.map(({ kind }) => kind)).toEqual(['accepted', 'expired']);
  });
});

describe('several recipients', () => {
  test('those for one upstream share transactions of at most a hundred', () => {
    const stage = new Stage();
    stage.arrive({ recipients: recipientsOf(250) });
    stage.join('sender');
    expect(stage.takeSent().map(({ recipients }) => recipients.length)).toEqual([100, 100, 50]);
  });

  test('each upstream gets its own', () => {
    const stage = new Stage({ upstreams: ['main', 'other'] });
    stage.arrive({ recipients: [...recipientsOf(2), ...recipientsOf(1, 'other.example')] });
    stage.join('sender', { main: 5, other: 5 });
    expect(stage.takeSent().map(({ upstream, recipients }) => [upstream, recipients])).toEqual([
      ['main', [0, 1]],
      ['other', [2]],
    ]);
  });

  test('each has its own outcome, and the entry stays until the last is final', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive({ recipients: recipientsOf(3) });
    const attempt = stage.takeOnlySent();
    const groups = (['delivered', 'deferred', 'bounced'] as const).map((outcome, recipient) => ({
      recipients: [recipient],
      outcome,
      reply: { code: 0, text: outcome },
    }));
    const step = stage.tell({ kind: 'reported', sender: 'sender', outcomes: [{ attempt: attempt.id, id: ticket.id, recipients: groups }] });
    expect([0, 1, 2].map((recipient) => stage.stateOf(ticket, recipient)?.kind)).toEqual(['delivered', 'queued', 'failed']);
    expect(effectsOf(step, 'trim')).toEqual([]);
    expect(effectsOf(step, 'bury')).toEqual([]);
    expect(stage.engine.census(stage.now.wall).difference).toBe(0);
  });

  test('a recipient that a report forgets is given back', () => {
    const stage = new Stage();
    stage.join('sender', { main: 1 });
    const ticket = stage.arrive({ recipients: recipientsOf(2) });
    const attempt = stage.takeOnlySent();
    const delivered = { recipients: [0], outcome: 'delivered' as const, reply: { code: 250, text: 'ok' } };
    stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 0 });
    stage.tell({ kind: 'reported', sender: 'sender', outcomes: [{ attempt: attempt.id, id: ticket.id, recipients: [delivered] }] });
    expect(stage.stateOf(ticket, 1)).toMatchObject({ kind: 'queued', attempts: 0 });
  });
});

describe('far-off mail in WAIT', () => {
  test('is not sent before it is due, and is removed singly when it is done', () => {
    const stage = new Stage();
    const ticket = ticketOf({ due: stage.now.wall + 10 * minute });
    stage.tell({ kind: 'arrived', ticket, place: stage.nextPlace('wait') });
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', reason: 'SCHEDULED' });
    stage.pass(10 * minute - 1);
    stage.join('sender');
    expect(stage.takeSent()).toEqual([]);
    stage.pass(1);
    expect(effectsOf(stage.report(stage.takeOnlySent(), 'delivered'), 'removeWaiting')).toEqual([{ kind: 'removeWaiting', sequence: 1 }]);
  });
});

describe('entries of no use', () => {
  test('a replayed publish of mail that waits is dropped', () => {
    const stage = new Stage();
    const ticket = stage.arrive();
    const step = stage.tell({ kind: 'arrived', ticket, place: stage.nextPlace('normal') });
    expect(step.records).toEqual([]);
    stage.join('sender');
    expect(effectsOf(stage.report(stage.takeOnlySent(), 'delivered'), 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 2 }]);
  });

  test('a replayed publish of mail that is finished is dropped', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    stage.report(stage.takeOnlySent(), 'delivered');
    const step = stage.tell({ kind: 'arrived', ticket, place: stage.nextPlace('normal') });
    expect(step).toEqual({ records: [], effects: [{ kind: 'trim', lane: 'normal', upTo: 2 }] });
  });

  test('a hole counts as seen and finished', () => {
    const stage = new Stage();
    stage.join('sender');
    stage.arrive();
    stage.tell({ kind: 'hole', lane: 'normal', from: 2, to: 4 });
    expect(stage.engine.seen('normal')).toBe(4);
    expect(effectsOf(stage.report(stage.takeOnlySent(), 'delivered'), 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 4 }]);
  });

  test('what went from WAIT unread counts as seen', () => {
    const stage = new Stage();
    stage.tell({ kind: 'wait passed', upTo: 7 });
    expect(stage.engine.seen('wait')).toBe(7);
  });

  test('an unknown outcome is acknowledged, so that its sender can forget it', () => {
    const stage = new Stage();
    const outcome = { attempt: '0.1', id: '01900000-0000-7000-8000-000000000000', recipients: [] };
    const step = stage.tell({ kind: 'reported', sender: 'stranger', outcomes: [outcome] });
    expect(step.effects).toEqual([{ kind: 'acknowledge', sender: 'stranger', attempts: ['0.1'] }]);
  });

  test('a chunked body is removed with its mail, but stays for a dead letter', () => {
    const stage = new Stage();
    stage.join('sender');
    const chunked = { count: 3, digest: 'ab' };
    const sent = stage.arrive({ chunked });
    stage.report(stage.takeOnlySent(), 'delivered');
    const failed = stage.arrive({ chunked });
    stage.report(stage.takeOnlySent(), 'bounced');
    stage.tell({ kind: 'buried', id: failed.id });
    expect(stage.effects.filter(({ kind }) => kind === 'removeBody')).toEqual([{ kind: 'removeBody', id: sent.id }]);
  });
});
