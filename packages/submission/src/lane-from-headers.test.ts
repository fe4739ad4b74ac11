import { fourLanes } from './four-lanes.ts';
import { LaneTable } from '@posthaste/core';
import { expect, it } from 'vitest';
import { laneFromHeaders, laneNamed } from './lane-from-headers.ts';

it.each([
  [{ xPriority: '1 (Highest)' }, 'high'],
  [{ xPriority: '2' }, 'high'],
  [{ xPriority: '3(Normal)', importance: 'high' }, undefined],
  [{ xPriority: '4' }, 'low'],
  [{ xPriority: '5' }, 'low'],
  [{ xPriority: '9', importance: 'High' }, 'high'],
  [{ importance: 'normal', priority: 'urgent' }, undefined],
  [{ msMailPriority: 'High', importance: 'low' }, 'high'],
  [{ msMailPriority: 'Normal', importance: 'low' }, undefined],
  [{ msMailPriority: 'low' }, 'low'],
  [{ msMailPriority: 'whatever', importance: 'low' }, 'low'],
  [{ mtPriority: '-4', xPriority: '1' }, 'low'],
  [{ mtPriority: '0', xPriority: '1' }, undefined],
  [{ mtPriority: '4 (ultra)' }, 'high'],
  [{ mtPriority: '(a) 9' }, 'high'],
  [{ mtPriority: '10', xPriority: '5' }, 'low'],
  [{ mtPriority: '+1' }, undefined],
  [{ mtPriority: null, xPriority: '1' }, 'high'],
  [{ importance: 'low' }, 'low'],
  [{ priority: 'urgent' }, 'high'],
  [{ priority: 'Normal' }, undefined],
  [{ priority: 'non-urgent' }, 'low'],
  [{ importance: 'whatever', priority: '' }, undefined],
  [{}, undefined],
])('%j gives %s', (headers, lane) => {
  expect(laneFromHeaders(headers)).toBe(lane);
});

it('knows a further lane that is configured, and guesses which one was meant', () => {
  const lanes = new LaneTable([{ name: 'wedding-day', base: 'high' }]);
  expect(laneNamed('Wedding-Day', lanes)).toBe('wedding-day');
  expect(() => laneNamed('weding-day', lanes)).toThrow('expected one of immediate, high, wedding-day, normal, low (did you mean wedding-day?)');
});

it('knows our own header by the lane it names, and refuses one that does not exist, rather than sending the mail at another speed', () => {
  expect(laneNamed('LOW', fourLanes)).toBe('low');
  expect(() => laneNamed('fast', fourLanes)).toThrow('X-Posthaste-Lane is "fast"; expected one of immediate, high, normal, low');
});
