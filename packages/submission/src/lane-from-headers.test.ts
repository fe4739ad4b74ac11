import { expect, it } from 'vitest';
import { laneFromHeaders } from './lane-from-headers.ts';

it.each([
  [{ lane: 'immediate', xPriority: '5' }, 'immediate'],
  [{ lane: 'LOW' }, 'low'],
  [{ xPriority: '1 (Highest)' }, 'high'],
  [{ xPriority: '2' }, 'high'],
  [{ xPriority: '3(Normal)', importance: 'high' }, undefined],
  [{ lane: 'normal', importance: 'high' }, 'normal'],
  [{ xPriority: '4' }, 'low'],
  [{ xPriority: '5' }, 'low'],
  [{ xPriority: '9', importance: 'High' }, 'high'],
  [{ importance: 'normal', priority: 'urgent' }, undefined],
  [{ importance: 'low' }, 'low'],
  [{ priority: 'urgent' }, 'high'],
  [{ priority: 'Normal' }, undefined],
  [{ priority: 'non-urgent' }, 'low'],
  [{ importance: 'whatever', priority: '' }, undefined],
  [{}, undefined],
])('%j gives %s', (headers, lane) => {
  expect(laneFromHeaders(headers)).toBe(lane);
});

it('refuses a lane that does not exist, rather than sending the mail at another speed', () => {
  expect(() => laneFromHeaders({ lane: 'fast' })).toThrow('X-Posthaste-Lane is "fast"; expected one of immediate, high, normal, low');
});
