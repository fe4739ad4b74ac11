import { expect, test } from 'vitest';
import { arrive } from './arrival.ts';
import { createEngineState, defaultPolicy } from './engine-state.ts';
import { settle } from './residence.ts';
import { Router } from './router.ts';
import { began, ticketOf } from './simulation/stage.ts';

test('mail that is done long before its deadline does not pile up among the deadlines', () => {
  const state = createEngineState(1, new Router(['main'], []), defaultPolicy);
  const now = { wall: began, mono: 0 };
  for (let sequence = 1; sequence <= 5_000; sequence += 1) {
    const ticket = ticketOf({ deadline: began + 86_400_000 + sequence });
    arrive(state, ticket, { kind: 'log', lane: 'normal', sequence }, now);
    if (sequence > 3) settle(state, state.mails.get(ticket.id)!, now.wall);
  }
  expect(state.deadlines.size).toBeLessThan(10);
  expect([1, 2, 3].map(() => state.mails.has(state.deadlines.pop()?.ticket.id ?? ''))).toEqual([true, true, true]);
});
