import { describe, expect, test } from 'vitest';
import type { JournalEvent } from './journal.ts';
import { burialIdOf } from './mail.ts';
import { began, effectsOf, recipientsOf, Stage, ticketOf } from './simulation/stage.ts';
import type { LogExtent, Remains } from './restoring.ts';
import type { RecipientState } from './recipient.ts';
import type { Snapshot, StateRecord } from './snapshot.ts';
import type { Place, Ticket } from './ticket.ts';

const empty: LogExtent = { first: 1, last: 0, sameStream: true };
const noExtents: Remains['extents'] = { wait: empty, immediate: empty, high: empty, normal: empty, low: empty };

interface Rest {
  readonly snapshot?: Snapshot;
  readonly events?: readonly JournalEvent[];
  /** Highest sequence of the normal log and of WAIT. */
  readonly lastOfLog?: number;
  readonly lastOfWait?: number;
  readonly finishedIds?: readonly string[];
  readonly entries: readonly (readonly [Ticket, Place])[];
  readonly states?: readonly { readonly record: StateRecord; readonly asOf: number; readonly sequence: number }[];
}

/** A new owner, after it has recovered from what an earlier one left. */
function recovered({ snapshot, events = [], lastOfLog = 0, lastOfWait = 0, finishedIds = [], entries, states = [] }: Rest): Stage {
  const stage = new Stage({ epoch: 2 });
  const extents = { ...noExtents, normal: { ...empty, last: lastOfLog }, wait: { ...empty, last: lastOfWait } };
  const sequenced = events.map((event, index) => ({ event, epoch: 1, sequence: index + 1 }));
  stage.engine.restoreMarks({ snapshot: snapshot ?? null, events: sequenced, extents, deadLast: 0, finishedIds }, stage.now);
  for (const [ticket, place] of entries) stage.engine.restoreTicket(ticket, place);
  for (const { record, asOf, sequence } of states) stage.engine.restoreState(record, asOf, sequence);
  for (const { event, sequence } of sequenced) stage.engine.replay(event, sequence);
  stage.engine.finishRestoring(stage.now);
  return stage;
}

const inLog = (sequence: number): Place => ({ kind: 'log', lane: 'normal', sequence });
const inWait = (sequence: number): Place => ({ kind: 'wait', sequence });
const acceptance = (ticket: Ticket, place: Place): JournalEvent => ({ kind: 'accepted', at: 0, id: ticket.id, ticket, place });
const yes = { code: 250, text: 'ok' };
const about = (ticket: Ticket) => ({ at: 0, id: ticket.id, attempt: '1.1' });
const start = (ticket: Ticket): JournalEvent => ({ kind: 'started', ...about(ticket), recipients: [0], upstream: 'main', sender: 'sender' });
const delivery = (ticket: Ticket, recipient = 0): JournalEvent => ({
  kind: 'delivered',
  ...about(ticket),
  recipients: [recipient],
  tenant: 'acme',
  reply: yes,
});
const deferral = (ticket: Ticket): JournalEvent => ({
  kind: 'deferred',
  ...about(ticket),
  recipients: [0],
  reason: 'UPSTREAM_DEFERRED',
  reply: { code: 450, text: 'later' },
  due: 7,
});

describe('a new owner', () => {
  test('leaves what was being sent with its sender until that says hello', () => {
    const ticket = ticketOf();
    const stage = recovered({ events: [acceptance(ticket, inLog(1)), start(ticket)], lastOfLog: 1, entries: [[ticket, inLog(1)]] });
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'sending', attempt: '1.1' });
    stage.join('sender', { main: 1 }, { held: [{ attempt: '1.1', begun: true }] });
    expect(stage.takeSent()).toEqual([]);
    stage.join('sender', { main: 1 });
    expect(stage.takeOnlySent().id).toBe('2.1');
  });

  test('takes what was being sent for begun when its sender never comes back', () => {
    const ticket = ticketOf();
    const stage = recovered({ events: [acceptance(ticket, inLog(1)), start(ticket)], lastOfLog: 1, entries: [[ticket, inLog(1)]] });
    stage.pass(15_000);
    expect(stage.storyOf(ticket)).toEqual(['doubted', 'deferred']);
  });

  test('keeps what a snapshot calls finished out of the index, though its entry is pinned in the log', () => {
    const before = new Stage();
    before.join('sender');
    const [pinned, done] = [before.arrive(), before.arrive()];
    const attempts = before.takeSent();
    before.report(attempts[0]!, 'deferred');
    before.report(attempts[1]!, 'delivered');
    const { snapshot } = before.engine.takeSnapshot();
    const stage = recovered({
      snapshot,
      lastOfLog: 2,
      entries: [
        [pinned, inLog(1)],
        [done, inLog(2)],
      ],
    });
    expect(stage.engine.size).toBe(1);
    expect(stage.engine.census(stage.now.wall).difference).toBe(0);
  });

  test('counts an entry that is not there any more as finished, and trims what an earlier one had not come to', () => {
    const [first, third] = [ticketOf(), ticketOf()];
    const events = [acceptance(first, inLog(1)), acceptance(third, inLog(3))];
    const stage = recovered({
      events,
      lastOfLog: 3,
      entries: [
        [first, inLog(1)],
        [third, inLog(3)],
      ],
    });
    stage.join('sender');
    const trims = stage.takeSent().map((attempt) => effectsOf(stage.report(attempt, 'delivered'), 'trim').map(({ upTo }) => upTo));
    expect(trims).toEqual([[2], [3]]);
  });

  test('does not take the mail of a door for read because it lies below a copy of ours in WAIT', () => {
    const [copied, fresh] = [ticketOf(), ticketOf()];
    const events: JournalEvent[] = [acceptance(copied, inLog(1)), { kind: 'moved', at: 0, id: copied.id, place: inWait(2) }];
    const entries: Rest['entries'] = [
      [fresh, inWait(1)],
      [copied, inWait(2)],
      [copied, inLog(1)],
    ];
    const stage = recovered({ events, lastOfLog: 1, lastOfWait: 2, entries });
    expect(stage.engine.find(fresh.id)).toBeUndefined();
    expect(stage.engine.seen('wait')).toBe(0);
    stage.tell({ kind: 'arrived', ticket: fresh, place: inWait(1) });
    stage.tell({ kind: 'arrived', ticket: copied, place: inWait(2) });
    expect(stage.events.map(({ kind, id }) => [kind, id])).toEqual([['accepted', fresh.id]]);
    expect(stage.engine.census(stage.now.wall).difference).toBe(0);
    expect(stage.effects.filter(({ kind }) => kind === 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 1 }]);
  });

  test('hands on the ids of what finished since the last checkpoint', () => {
    const ticket = ticketOf();
    const stage = recovered({ events: [acceptance(ticket, inLog(1)), start(ticket), delivery(ticket)], lastOfLog: 1, entries: [] });
    expect(stage.engine.finishedLately(ticket.id)).toBe(true);
    expect(stage.engine.takeSnapshot().snapshot.finishedIds).toEqual([ticket.id]);
  });

  test('resolves a doubt that was journalled alone', () => {
    const ticket = ticketOf();
    const doubted: JournalEvent = {
      kind: 'doubted',
      at: 0,
      tenant: ticket.tenant,
      id: ticket.id,
      attempt: '1.1',
      recipients: [0],
      reply: { code: 0, text: 'gone' },
    };
    const stage = recovered({ events: [acceptance(ticket, inLog(1)), start(ticket), doubted], lastOfLog: 1, entries: [[ticket, inLog(1)]] });
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', attempts: 1, reason: 'IN_DOUBT' });
  });

  test('does not repeat events that the states of STATE contain already', () => {
    const ticket = ticketOf();
    const record = { id: ticket.id, states: [{ kind: 'queued' as const, attempts: 3, due: 7 }] };
    const events = [acceptance(ticket, inLog(1)), start(ticket), deferral(ticket)];
    const stage = recovered({ events, lastOfLog: 1, entries: [[ticket, inLog(1)]], states: [{ record, asOf: 3, sequence: 1 }] });
    expect(stage.stateOf(ticket)).toEqual({ kind: 'queued', attempts: 3, due: 7 });
  });

  test('needs what STATE said of mail that has finished since the checkpoint: its entry may still be pinned', () => {
    const [pinned, ticket] = [ticketOf(), ticketOf({ recipients: recipientsOf(2) })];
    const { snapshot: blank } = new Stage().engine.takeSnapshot();
    const snapshot = { ...blank, logs: { ...blank.logs, normal: { seen: 2, mark: 0, finished: [] } } };
    const states: RecipientState[] = [
      { kind: 'delivered', attempts: 1, reply: yes },
      { kind: 'sending', attempts: 0, attempt: '1.1', upstream: 'main', sender: 'sender' },
    ];
    const rest = {
      snapshot,
      events: [delivery(ticket, 1)],
      lastOfLog: 2,
      entries: [
        [pinned, inLog(1)],
        [ticket, inLog(2)],
      ] as const,
    };
    const withState = recovered({ ...rest, states: [{ record: { id: ticket.id, states }, asOf: 0, sequence: 1 }] });
    expect(withState.engine.find(ticket.id)).toBeUndefined();
    const without = recovered(rest);
    expect(without.stateOf(ticket, 0)).toMatchObject({ kind: 'queued' });
  });

  test('does not revive by another copy what was revived and delivered, though the entry of its first life is all that is left', () => {
    const ticket = ticketOf();
    const failed = { kind: 'failed', attempts: 1, reason: 'UPSTREAM_REJECTED', reply: { code: 550, text: 'no' } } as const;
    const revival = { sequence: 3, upTo: 4, states: [failed], recipients: [0], command: 'x', author: 'kim', comment: '' };
    const place = inWait(1);
    const failure: JournalEvent = { ...about(ticket), kind: 'failed', recipients: [0], tenant: 'acme', reason: failed.reason, reply: failed.reply };
    const revived: JournalEvent = { kind: 'revived', at: 0, id: ticket.id, tenant: 'acme', ticket, place, ...revival };
    const events = [acceptance(ticket, inLog(1)), start(ticket), failure, revived, start(ticket), delivery(ticket)];
    const stage = recovered({ events, lastOfLog: 1, lastOfWait: 1, entries: [[ticket, inLog(1)]] });
    stage.step();
    const step = stage.tell({ kind: 'arrived', ticket, place: inWait(2), revival: { ...revival, sequence: 4 } });
    expect(step.effects).toContainEqual({ kind: 'removeWaiting', sequence: 2 });
    expect(stage.stateOf(ticket)).toBeUndefined();
  });

  test('buries a mail that died again as the dead letter that may lie there already, which can be revived', () => {
    // It lies there at 50, and the crash came before its entry in WAIT went.
    const { stage, ticket, revival } = diedAgain({ deadLast: 50, former: { sequence: 10, upTo: 13 } });
    expect(effectsOf(stage.step(), 'bury').map(({ mail }) => burialIdOf(mail))).toEqual([`${ticket.id}.10`]);
    stage.tell({ kind: 'buried', id: ticket.id, sequence: 50 });
    const spent = stage.tell({ kind: 'arrived', ticket, place: inWait(2), revival: { ...revival, sequence: 13 } });
    expect(spent.effects).toContainEqual({ kind: 'removeWaiting', sequence: 2 });
    stage.tell({ kind: 'arrived', ticket, place: inWait(3), revival: { ...revival, sequence: 50, upTo: 50 } });
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued' });
  });

  test('buries under its first id what a copy was made of in vain: nobody has journalled that it was revived', () => {
    const { stage, ticket } = diedAgain({ deadLast: 10 });
    expect(effectsOf(stage.step(), 'bury').map(({ mail }) => burialIdOf(mail))).toEqual([ticket.id]);
  });

  test('knows after the next checkpoint too from which dead letter a mail was revived', () => {
    const stage = new Stage();
    const ticket = ticketOf();
    const failed = { kind: 'failed', attempts: 1, reason: 'UPSTREAM_REJECTED', reply: { code: 550, text: 'no' } } as const;
    const revival = { sequence: 10, upTo: 12, states: [failed], recipients: [0], command: 'x', author: 'kim', comment: '' };
    stage.tell({ kind: 'revived', ticket, place: stage.nextPlace('wait'), revival });
    expect(stage.engine.takeSnapshot().changed).toMatchObject([{ id: ticket.id, former: { sequence: 10, upTo: 12 } }]);
  });

  test('removes what STATE says of mail that is gone', () => {
    const record = { id: ticketOf().id, states: [] };
    const stage = recovered({ entries: [], states: [{ record, asOf: 1, sequence: 9 }] });
    expect(stage.engine.takeSnapshot().stale).toEqual([9]);
  });
});

test('an event from before the wall clock was set is not timed by the clock as it goes since', () => {
  const stage = new Stage({ epoch: 2 });
  const setBackMs = 1_800_000;
  const seen = { wait: 0, immediate: 0, high: 0, normal: 0, low: 0 };
  const event = {
    kind: 'accepted',
    at: began + setBackMs - 1_000,
    id: 'x',
    ticket: ticketOf(),
    place: { kind: 'log', lane: 'normal', sequence: 1 },
  } as const;
  const clock = { skewMs: -setBackMs, periods: [{ skewMs: 0, seen }], at: began + setBackMs, sequence: 2 };
  stage.engine.restoreMarks(
    { snapshot: null, events: [{ event, epoch: 1, sequence: 1 }], clock, extents: noExtents, deadLast: 0, finishedIds: [] },
    stage.now,
  );
  expect(stage.engine.steady(stage.now.wall)).toBe(began + setBackMs);
});

/** A mail that was revived from DEAD 10 and failed again, after a crash before its entry in WAIT went. `former`: as STATE tells it, if it does. */
function diedAgain({ deadLast, former }: { readonly deadLast: number; readonly former?: { readonly sequence: number; readonly upTo: number } }) {
  const ticket = ticketOf();
  const failed = { kind: 'failed', attempts: 1, reason: 'UPSTREAM_REJECTED', reply: { code: 550, text: 'no' } } as const;
  const revival = { sequence: 10, upTo: 12, states: [failed], recipients: [0], command: 'x', author: 'kim', comment: '' };
  const { snapshot: blank } = new Stage().engine.takeSnapshot();
  const stage = new Stage({ epoch: 2 });
  const extents = { ...noExtents, wait: { ...empty, last: 1 } };
  stage.engine.restoreMarks({ snapshot: { ...blank, waitSeen: 1 }, events: [], extents, deadLast, finishedIds: [] }, stage.now);
  stage.engine.restoreTicket(ticket, inWait(1), revival);
  stage.engine.restoreState({ id: ticket.id, states: [failed], ...(former && { former }) }, 1, 1);
  stage.engine.finishRestoring(stage.now);
  return { stage, ticket, revival };
}
