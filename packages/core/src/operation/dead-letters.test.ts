import { describe, expect, test } from 'vitest';
import { effectsOf, recipientsOf, Stage } from '../simulation/stage.ts';
import type { Ticket } from '../ticket.ts';
import type { RecipientState } from '../recipient.ts';
import type { DeadLetter, Revival } from './reviving.ts';
import { commandOf } from '../simulation/stage.ts';
import { namedInDeadLetter } from './dead-search.ts';

const refusal = { code: 550, text: 'No such user' };

/** A mail whose last recipient has failed, as it lies in DEAD. */
function dead(stage: Stage, parts: Partial<Ticket> = {}): DeadLetter {
  const ticket = stage.arrive(parts);
  const attempt = stage.takeOnlySent();
  stage.refuse(attempt, refusal);
  const states = attempt.mail.states.map((state): RecipientState => state);
  stage.tell({ kind: 'buried', id: ticket.id });
  return { ticket, sequence: 7, upTo: 8, states };
}

function revival({ sequence, upTo, states }: DeadLetter, command: string): Revival {
  const recipients = states.flatMap(({ kind }, recipient) => (kind === 'failed' ? [recipient] : []));
  return { sequence, upTo, states, recipients, command, author: 'kim', comment: 'fixed' };
}

describe('a dead letter', () => {
  test('that is revived is queued with no attempt spent, though its id finished a moment ago, and then its entry in DEAD goes', () => {
    const stage = new Stage();
    stage.join('sender');
    const letter = dead(stage);
    expect(stage.engine.finishedLately(letter.ticket.id)).toBe(true);
    const command = commandOf({ kind: 'revive' });
    const begun = stage.tell({ kind: 'command', command, dryRun: false });
    expect(effectsOf(begun, 'searchDead')).toEqual([{ kind: 'searchDead', command, dryRun: false }]);
    const step = stage.tell({ kind: 'revived', ticket: letter.ticket, place: stage.nextPlace('wait'), revival: revival(letter, command.id) });
    expect(effectsOf(step, 'removeDead')).toEqual([{ kind: 'removeDead', id: letter.ticket.id, upTo: 8, withBody: false }]);
    stage.tell({ kind: 'found', command: command.id, over: true });
    expect(stage.progressOf(command.id)).toMatchObject({ done: true, matched: 1, changed: 1 });
    expect(stage.engine.census(stage.now.wall).difference).toBe(0);
    stage.report(stage.takeOnlySent(), 'delivered');
    expect(stage.storyOf(letter.ticket)).toEqual(['accepted', 'started', 'failed', 'revived', 'started', 'delivered']);
    expect(stage.engine.tallies.get('acme')).toMatchObject({ accepted: 1, delivered: 1, failed: 0 });
  });

  test('is revived once, by whichever way its copy is met', () => {
    const stage = new Stage();
    stage.join('sender');
    const letter = dead(stage);
    const place = stage.nextPlace('wait');
    const said = { ticket: letter.ticket, place, revival: revival(letter, 'command') };
    stage.tell({ kind: 'revived', ...said });
    stage.tell({ kind: 'arrived', ...said });
    stage.report(stage.takeOnlySent(), 'delivered');
    const again = stage.tell({ kind: 'arrived', ...said, place: stage.nextPlace('wait') });
    expect(effectsOf(again, 'removeWaiting')).toEqual([{ kind: 'removeWaiting', sequence: 2 }]);
    expect(stage.takeSent()).toEqual([]);
  });

  test('goes with all that lies in DEAD of it, also what was buried since its copy was made', () => {
    const stage = new Stage();
    stage.join('sender');
    const letter = dead(stage);
    // Whoever copied it crashed before it told of the copy; the mail was taken for dead once more, and buried.
    const next = stage.arrive();
    stage.refuse(stage.takeOnlySent(), refusal);
    stage.tell({ kind: 'buried', id: next.id, sequence: 9 });
    const step = stage.tell({ kind: 'arrived', ticket: letter.ticket, place: stage.nextPlace('wait'), revival: revival(letter, 'command') });
    expect(effectsOf(step, 'removeDead')).toEqual([{ kind: 'removeDead', id: letter.ticket.id, upTo: 9, withBody: false }]);
    expect(step.records.map(({ event }) => event)).toMatchObject([{ kind: 'revived', upTo: 9 }, { kind: 'started' }]);
  });

  test('takes up what had been delivered as delivered', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive({ recipients: recipientsOf(2) });
    const states: RecipientState[] = [
      { kind: 'delivered', attempts: 1, reply: { code: 250, text: 'ok' } },
      { kind: 'failed', attempts: 4, reason: 'RETRIES_EXHAUSTED', reply: refusal },
    ];
    stage.report(stage.takeOnlySent(), 'delivered');
    const letter = { ticket, sequence: 9, upTo: 9, states };
    stage.tell({ kind: 'revived', ticket, place: stage.nextPlace('wait'), revival: revival(letter, 'command') });
    expect(stage.takeOnlySent().recipients).toEqual([1]);
    expect(stage.stateOf(ticket, 0)).toEqual(states[0]);
  });

  test('that is purged goes with its body, and stays failed', () => {
    const stage = new Stage();
    stage.join('sender');
    const letter = dead(stage, { chunked: { count: 1, digest: 'x' } });
    const command = commandOf({ kind: 'purge' });
    stage.tell({ kind: 'command', command, dryRun: false });
    const step = stage.tell({ kind: 'purged', letter, command: command.id });
    expect(effectsOf(step, 'removeDead')).toEqual([{ kind: 'removeDead', id: letter.ticket.id, upTo: 8, withBody: true }]);
    expect(step.records.map(({ event }) => event)).toMatchObject([{ kind: 'purged', failedCount: 1, command: command.id, author: 'kim' }]);
    expect(stage.engine.tallies.get('acme')).toMatchObject({ failed: 1 });
  });

  test('is named by its failed recipients, their domain and their reason, and never by an upstream', () => {
    const stage = new Stage();
    stage.join('sender');
    const letter = dead(stage, { recipients: [...recipientsOf(1), ...recipientsOf(1, 'other.example')], tags: { campaign: 'spring' } });
    const selectors = [
      {},
      { domain: 'other.example' },
      { reason: 'UPSTREAM_REJECTED' },
      { campaign: 'spring', tenant: 'acme' },
      { ids: [letter.ticket.id] },
    ] as const;
    expect(selectors.map((selector) => namedInDeadLetter(selector, letter))).toEqual([[0, 1], [1], [0, 1], [0, 1], [0, 1]]);
    const others = [
      { upstream: 'main' },
      { state: 'queued' },
      { reason: 'RETRIES_EXHAUSTED' },
      { ids: ['x'] },
      { acceptedBefore: letter.ticket.acceptedAt },
    ] as const;
    expect(others.map((selector) => namedInDeadLetter(selector, letter))).toEqual([[], [], [], [], []]);
  });
});
