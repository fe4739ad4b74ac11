import { expect, test } from 'vitest';
import { ListMessagesRequestSchema } from '@posthaste/protocol';
import { readQuery } from './query.ts';

const read = (query: string) => readQuery(ListMessagesRequestSchema, new URLSearchParams(query));

test('a name that comes again is one more element', () => {
  expect(read('states=MESSAGE_STATE_QUEUED&states=MESSAGE_STATE_FAILED')).toEqual({ states: ['MESSAGE_STATE_QUEUED', 'MESSAGE_STATE_FAILED'] });
});

test('one element is a list too', () => {
  expect(read('lanes=LANE_LOW')).toEqual({ lanes: ['LANE_LOW'] });
});

test.each(['queued', 'QUEUED', 'message_state_queued'])('%s is a state', (text) => {
  expect(read(`states=${text}`)).toEqual({ states: ['MESSAGE_STATE_QUEUED'] });
});

test('both spellings of a name are known, and what is unknown stays for the reader to refuse', () => {
  expect(read('page_size=5&pageToken=x&states=lost&colour=red')).toEqual({ page_size: '5', pageToken: 'x', states: ['lost'], colour: 'red' });
});
