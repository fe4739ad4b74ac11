import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply, isFinal, untouched, type OutcomeEvent, type RecipientEvent, type RecipientState } from './recipient.ts';
import { ticketOf } from './simulation/stage.ts';

const about = { at: 0, id: 'mail', recipients: [0] };
const byHand = { ...about, author: 'kim', comment: 'because' };
const reply = { code: 250, text: 'ok' };
const revival = { tenant: 'acme', ticket: ticketOf(), place: { kind: 'wait' as const, sequence: 1 }, states: [], sequence: 1, upTo: 1 };

const attempts = fc.constantFrom('1.1', '1.2', '2.1');
const events: fc.Arbitrary<RecipientEvent> = fc.oneof(
  attempts.map((attempt) => ({ ...about, kind: 'started' as const, attempt, upstream: 'main', sender: 'sender' })),
  attempts.map((attempt) => ({ ...about, kind: 'delivered' as const, attempt, tenant: 'acme', reply })),
  attempts.map((attempt) => ({ ...about, kind: 'deferred' as const, attempt, reason: 'UPSTREAM_DEFERRED' as const, reply, due: 5 })),
  attempts.map((attempt) => ({ ...about, kind: 'failed' as const, attempt, tenant: 'acme', reason: 'UPSTREAM_REJECTED' as const, reply })),
  attempts.map((attempt) => ({ ...about, kind: 'doubted' as const, attempt, tenant: 'default', reply })),
  attempts.map((attempt) => ({ ...about, kind: 'returned' as const, attempt, reason: 'SENDER_GONE' as const })),
  fc.constant({ ...about, kind: 'expired' as const, tenant: 'acme' }),
  fc.constantFrom('HELD_BY_OPERATOR' as const, 'IN_DOUBT' as const).map((reason) => ({ ...byHand, kind: 'held' as const, reason })),
  fc.constantFrom('released' as const, 'revived' as const).map((kind) => ({ ...byHand, ...revival, kind })),
  fc.constant({ ...byHand, kind: 'cancelled' as const, tenant: 'acme' }),
  fc.constantFrom(0, 7).map((due) => ({ ...byHand, kind: 'rescheduled' as const, due })),
  fc.constant({ ...byHand, kind: 'redirected' as const, upstream: 'other' }),
  fc.constant({ ...byHand, kind: 'laneChanged' as const, lane: 'low' as const }),
);
const histories = fc.array(events, { maxLength: 30 });

function after(history: readonly RecipientEvent[]): RecipientState {
  return history.reduce(apply, untouched);
}

/** A history that ends with an attempt under way. */
function sending(attempt: string): RecipientState {
  return apply(untouched, { ...about, kind: 'started', attempt, upstream: 'main', sender: 'sender' });
}

function isOutcome(event: RecipientEvent): event is OutcomeEvent {
  return 'attempt' in event && event.kind !== 'started';
}

/** Moves nothing that is held. */
function isHarmless({ kind }: RecipientEvent): boolean {
  return !['released', 'expired', 'cancelled', 'delivered'].includes(kind);
}

describe('apply', () => {
  test('never leaves a final state, but that an operator revives what has failed', () => {
    fc.assert(
      fc.property(histories, events, (before, event) => {
        const state = after(before);
        fc.pre(isFinal(state));
        if (state.kind === 'failed' && event.kind === 'revived') expect(apply(state, event)).toEqual({ kind: 'queued', attempts: 0, due: 0 });
        else expect(apply(state, event)).toBe(state);
      }),
    );
  });

  test('starts nothing that is held, and what is released stands where it stood', () => {
    fc.assert(
      fc.property(histories, fc.array(events.filter(isHarmless)), (before, meanwhile) => {
        const state = after(before);
        fc.pre(state.kind === 'queued');
        const held = meanwhile.reduce(apply, apply(state, { ...byHand, kind: 'held', reason: 'HELD_BY_OPERATOR' }));
        expect(held.kind).toBe('held');
        expect(apply(held, { ...byHand, kind: 'released' })).toEqual(state);
      }),
    );
  });

  test('holds and cancels nothing that is with a sender', () => {
    expect(apply(sending('1.1'), { ...byHand, kind: 'held', reason: 'HELD_BY_OPERATOR' })).toEqual(sending('1.1'));
    expect(apply(sending('1.1'), { ...byHand, kind: 'cancelled', tenant: 'acme' })).toEqual(sending('1.1'));
  });

  test('holds what is in doubt as something that is to be tried again', () => {
    const doubted = apply(sending('1.1'), { ...about, attempt: '1.1', kind: 'doubted', tenant: 'acme', reply });
    const held = apply(doubted, { ...byHand, kind: 'held', reason: 'IN_DOUBT' });
    expect(held).toMatchObject({ kind: 'held', reason: 'IN_DOUBT', by: { author: 'kim', comment: 'because', at: 0 } });
    expect(apply(held, { ...byHand, kind: 'released' })).toMatchObject({ kind: 'queued', attempts: 1, due: 0, reason: 'IN_DOUBT', attempt: '1.1' });
    expect(apply(held, { ...about, attempt: '1.1', kind: 'delivered', tenant: 'acme', reply }).kind).toBe('delivered');
  });

  test('lets the first outcome of an attempt win, except that a late success is believed', () => {
    const outcomes = events.filter(isOutcome);
    fc.assert(
      fc.property(outcomes, outcomes, (first, second) => {
        const state = apply(sending('1.1'), { ...first, attempt: '1.1' });
        const next = apply(state, { ...second, attempt: '1.1' });
        const resolvesDoubt = state.kind === 'inDoubt' && second.kind !== 'doubted' && second.kind !== 'returned';
        if (second.kind === 'delivered' && !isFinal(state)) expect(next.kind).toBe('delivered');
        else if (!resolvesDoubt && second.kind !== 'doubted') expect(next).toEqual(state);
      }),
    );
  });

  test('passes over outcomes of attempts that are not its own', () => {
    fc.assert(
      fc.property(events, (event) => {
        fc.pre(isOutcome(event) && event.attempt !== '1.1');
        expect(apply(sending('1.1'), event)).toEqual(sending('1.1'));
      }),
    );
  });

  test('does not expire what is with a sender', () => {
    expect(apply(sending('1.1'), { ...about, kind: 'expired', tenant: 'acme' })).toEqual(sending('1.1'));
  });

  test('never counts more attempts than were started', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const started = history.filter(({ kind }) => kind === 'started').length;
        expect(after(history).attempts).toBeLessThanOrEqual(started);
      }),
    );
  });

  test('spends an attempt on a deferral and on a doubt, once, and none on a return', () => {
    const of = { ...about, attempt: '1.1', reply };
    const doubted = apply(sending('1.1'), { ...of, kind: 'doubted', tenant: 'default' });
    expect(doubted).toMatchObject({ kind: 'inDoubt', attempts: 1 });
    expect(apply(doubted, { ...of, kind: 'deferred', reason: 'IN_DOUBT', due: 9 })).toMatchObject({ kind: 'queued', attempts: 1, due: 9 });
    expect(apply(sending('1.1'), { ...of, kind: 'deferred', reason: 'UPSTREAM_DEFERRED', due: 9 })).toMatchObject({ attempts: 1 });
    expect(apply(sending('1.1'), { ...of, kind: 'returned', reason: 'UPSTREAM_DOWN' })).toMatchObject({ attempts: 0, due: 0 });
  });
});
