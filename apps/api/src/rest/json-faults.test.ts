import { ListMessagesRequestSchema, SubmitBatchRequestSchema, SubmitRequestSchema } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import { faultsOfJson } from './json-faults.ts';

const wholeMail = {
  from: 'a@example.org',
  to: ['b@example.net'],
  replyTo: ['c@example.net'],
  raw: 'aGk=',
  send_at: '2031-05-01T08:00:00Z',
  ttl: '300s',
  lane: 'LANE_HIGH',
  tags: { shop: 'de' },
  headers: null,
  attachments: [{ filename: 'a.txt', content: 'eA==' }],
  list_unsubscribe: { url: 'https://example.org', one_click: true },
};

test('what can be read has no faults', () => {
  expect(faultsOfJson(SubmitRequestSchema, wholeMail)).toEqual({ unknown: [], fields: [] });
});

test.each([
  [{ lane: 'high' }, 'lane', 'is "high"; expected one of LANE_IMMEDIATE, LANE_HIGH, LANE_NORMAL, LANE_LOW'],
  [{ ttl: '5m' }, 'ttl', 'is "5m"; expected seconds with an s behind them, such as 300s'],
  [{ send_at: 'tomorrow' }, 'send_at', 'is "tomorrow"; expected a time with its zone (RFC 3339), such as 2031-05-01T08:00:00Z'],
  [{ to: 'b@example.net' }, 'to', 'is "b@example.net"; expected a list'],
  [{ to: ['b@example.net', null] }, 'to[1]', 'is null; expected a text of whole Unicode characters'],
  [{ raw: '!' }, 'raw', 'is "!"; expected base64'],
  [{ brief_key: 'yes' }, 'brief_key', 'is "yes"; expected true or false'],
  [{ tags: { shop: 5 } }, 'tags["shop"]', 'is 5; expected a text of whole Unicode characters'],
  [{ tags: ['shop'] }, 'tags', 'is a list; expected an object'],
  [{ attachments: [{}, { content: {} }] }, 'attachments[1].content', 'is an object; expected base64'],
  [{ list_unsubscribe: 'https://example.org' }, 'list_unsubscribe', 'is "https://example.org"; expected an object'],
])('%j: what came, and what was expected', (json, field, description) => {
  expect(faultsOfJson(SubmitRequestSchema, json)).toEqual({ unknown: [], fields: [{ field, description }] });
});

test('numbers of a query', () => {
  const { fields } = faultsOfJson(ListMessagesRequestSchema, { page_size: 'many' });
  expect(fields).toEqual([{ field: 'page_size', description: 'is "many"; expected a whole number from 0' }]);
});

test('all faults are named at once, each by its path', () => {
  const messages = [wholeMail, { form: 'a@example.org', attachments: [{ filname: 'x' }], lane: 'LANE_FAST' }];
  const { unknown, fields } = faultsOfJson(SubmitBatchRequestSchema, { messages });
  expect(unknown).toEqual(['messages[1].form', 'messages[1].attachments[0].filname']);
  expect(fields.map(({ field }) => field)).toEqual([...unknown, 'messages[1].lane']);
  expect(fields[0]?.description).toBe('the request has no such field (did you mean from?)');
});

test('no more is looked for than an answer can carry', () => {
  const { fields } = faultsOfJson(SubmitRequestSchema, { to: Array.from({ length: 1_000 }, () => 5), ['x'.repeat(1_000)]: 1 });
  expect(fields).toHaveLength(16);
  expect(faultsOfJson(SubmitRequestSchema, { ['x'.repeat(1_000)]: 1 }).unknown[0]?.length).toBeLessThan(100);
});
