import { expect, test } from 'vitest';
import { silentLog } from '@posthaste/telemetry';
import { explainThrown } from './explain.ts';
import { reasonOf, refusal } from './refusal.ts';

/** What is logged as an error when `thrown` ends a call. */
function loggedFor(thrown: unknown) {
  const logged: string[] = [];
  const error = explainThrown(thrown, 'Submit', { ...silentLog, error: (event) => void logged.push(event) });
  return { logged, reason: reasonOf(error) };
}

test('what nobody foresaw is logged, for the client learns nothing of it', () => {
  expect(loggedFor(new TypeError('x is undefined'))).toEqual({ reason: 'UNAVAILABLE', logged: ['a call failed for a reason of ours'] });
});

test('a refusal that was meant is no error of ours, as when a server that ends sends its watchers away', () => {
  expect(loggedFor(refusal('UNAVAILABLE', 'this server is shutting down'))).toEqual({ reason: 'UNAVAILABLE', logged: [] });
});
