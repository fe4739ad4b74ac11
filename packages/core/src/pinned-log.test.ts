import { describe, expect, test } from 'vitest';
import { effectsOf, Stage } from './simulation/stage.ts';

const minute = 60_000;

describe('a pinned log', () => {
  /** One mail that waits at the bottom, and finished ones above it. */
  function pinned(): { stage: Stage; low: ReturnType<Stage['arrive']> } {
    const stage = new Stage();
    stage.join('sender');
    const low = stage.arrive();
    stage.report(stage.takeOnlySent(), 'deferred');
    for (let count = 0; count < 5; count += 1) stage.arrive();
    for (const attempt of stage.takeSent()) stage.report(attempt, 'delivered');
    return { stage, low };
  }
  const measure = (stage: Stage) => stage.tell({ kind: 'measured', lane: 'normal', bytes: 9_000, limitBytes: 10_000 });

  test('is relieved by copying to WAIT, journalling the move, and only then trimming', () => {
    const { stage, low } = pinned();
    const measured = measure(stage);
    expect(effectsOf(measured, 'copy').map(({ mail }) => mail.ticket)).toEqual([low]);
    expect(effectsOf(measured, 'trim')).toEqual([]);
    const moved = stage.tell({ kind: 'copied', id: low.id, sequence: 1 });
    expect(moved.records.map(({ event }) => event)).toMatchObject([{ kind: 'moved', place: { kind: 'wait', sequence: 1 } }]);
    expect(effectsOf(moved, 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 6 }]);
    expect(effectsOf(measure(stage), 'copy')).toEqual([]);
  });

  test('is left alone while it fills little of its room', () => {
    const { stage } = pinned();
    expect(stage.tell({ kind: 'measured', lane: 'normal', bytes: 9_000, limitBytes: 100_000 }).effects).toEqual([]);
  });

  test('is left alone while most of it is unfinished', () => {
    const stage = new Stage();
    for (let count = 0; count < 5; count += 1) stage.arrive();
    expect(stage.tell({ kind: 'measured', lane: 'normal', bytes: 8_000, limitBytes: 10_000 }).effects).toEqual([]);
  });

  test('mail that is with a sender is never moved', () => {
    const { stage, low } = pinned();
    stage.pass(minute);
    stage.join('another');
    expect(stage.takeOnlySent().mail.ticket).toBe(low);
    expect(effectsOf(measure(stage), 'copy')).toEqual([]);
  });

  test('mail that is being copied is not sent until that has ended, well or not', () => {
    const { stage, low } = pinned();
    measure(stage);
    stage.pass(minute);
    stage.join('sender');
    expect(stage.takeSent()).toEqual([]);
    stage.tell({ kind: 'not copied', id: low.id });
    expect(stage.takeOnlySent().mail.ticket).toBe(low);
  });

  test('a copy of mail that was delivered meanwhile is removed', () => {
    const { stage, low } = pinned();
    measure(stage);
    const started = stage.events.find((event) => event.kind === 'started' && event.id === low.id);
    const outcome = { recipients: [0], outcome: 'delivered' as const, reply: { code: 250, text: 'ok' } };
    const attempt = started?.kind === 'started' ? started.attempt : '';
    stage.tell({ kind: 'reported', sender: 'sender', outcomes: [{ attempt, id: low.id, recipients: [outcome] }] });
    const step = stage.tell({ kind: 'copied', id: low.id, sequence: 1 });
    expect(effectsOf(step, 'removeWaiting')).toEqual([{ kind: 'removeWaiting', sequence: 1 }]);
    expect(stage.engine.size).toBe(0);
  });

  test('a copy that nobody remembers making wins over the entry in the log', () => {
    const stage = new Stage();
    const ticket = stage.arrive();
    const step = stage.tell({ kind: 'arrived', ticket, place: stage.nextPlace('wait') });
    expect(step.records.map(({ event }) => event.kind)).toEqual(['moved']);
    expect(effectsOf(step, 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 1 }]);
  });
});
