import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply, isFinal, untouched, type RecipientEvent, type RecipientState } from './recipient.ts';

const about = { at: 0, id: 'mail', recipients: [0] };
const reply = { code: 250, text: 'ok' };

const attempts = fc.constantFrom('1.1', '1.2', '2.1');
const events: fc.Arbitrary<RecipientEvent> = fc.oneof(
  attempts.map((attempt) => ({ ...about, kind: 'started' as const, attempt, upstream: 'main', sender: 'sender' })),
  attempts.map((attempt) => ({ ...about, kind: 'delivered' as const, attempt, tenant: 'acme', reply })),
  attempts.map((attempt) => ({ ...about, kind: 'deferred' as const, attempt, reason: 'UPSTREAM_DEFERRED' as const, reply, due: 5 })),
  attempts.map((attempt) => ({ ...about, kind: 'failed' as const, attempt, tenant: 'acme', reason: 'UPSTREAM_REJECTED' as const, reply })),
  attempts.map((attempt) => ({ ...about, kind: 'doubted' as const, attempt, tenant: 'default', reply })),
  attempts.map((attempt) => ({ ...about, kind: 'returned' as const, attempt, reason: 'SENDER_GONE' as const })),
  fc.constant({ ...about, kind: 'expired' as const, tenant: 'acme' }),
);
const histories = fc.array(events, { maxLength: 30 });

function after(history: readonly RecipientEvent[]): RecipientState {
  return history.reduce(apply, untouched);
}

/** A history that ends with an attempt under way. */
function sending(attempt: string): RecipientState {
  return apply(untouched, { ...about, kind: 'started', attempt, upstream: 'main', sender: 'sender' });
}

describe('apply', () => {
  test('never leaves a final state', () => {
    fc.assert(
      fc.property(histories, histories, (before, then) => {
        const state = after(before);
        fc.pre(isFinal(state));
        expect(then.reduce(apply, state)).toBe(state);
      }),
    );
  });

  test('lets the first outcome of an attempt win, except that a late success is believed', () => {
    const outcomes = events.filter((event) => event.kind !== 'started' && event.kind !== 'expired');
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
        fc.pre(event.kind !== 'started' && event.kind !== 'expired' && event.attempt !== '1.1');
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
