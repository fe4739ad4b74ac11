import { create, getOption, hasOption, type DescField } from '@bufbuild/protobuf';
import { field as rulesOfField, type FieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import {
  BadRequestSchema,
  ListMessagesRequestSchema,
  type Lane,
  SendAndWaitRequestSchema,
  StatusService,
  SubmissionService,
  SubmitRequestSchema,
  type SubmitRequest,
} from '@posthaste/protocol';
import { createValidation } from './validation.ts';
import { shapes } from './violation.ts';

const validate = createValidation([SubmitRequestSchema]);
const hello = { from: 'a@example.org', to: ['b@example.net'], subject: 'hello', text: 'hi' };

function faultsOf(check: () => void): string[] {
  try {
    check();
  } catch (error) {
    const [details] = ConnectError.from(error).findDetails(BadRequestSchema);
    return details?.fieldViolations.map(({ field, description }) => `${field} ${description}`) ?? [];
  }
  return [];
}

function faultsIn(init: Partial<Omit<SubmitRequest, '$typeName'>>): string[] {
  return faultsOf(() => validate(SubmitRequestSchema, create(SubmitRequestSchema, { ...hello, ...init })));
}

const cases: [Partial<Omit<SubmitRequest, '$typeName'>>, string][] = [
  [{ subject: 'x\r\ny' }, 'subject has a line break; expected one line'],
  [{ subject: 'x\u0000y' }, 'subject has a control character; expected one line'],
  [{ subject: 'x'.repeat(2001) }, 'subject is 2001 characters long; expected at most 2000 characters'],
  [{ from: '' }, 'from is missing'],
  [{ to: ['b@example.net', ''] }, 'to[1] is empty; expected at least one character'],
  [{ to: Array.from({ length: 1001 }, () => 'b@example.net') }, 'to has 1001 entries; expected no more than 1000 entries'],
  [{ to: [] }, 'to to, cc and bcc are all empty: name at least one recipient'],
  [{ text: '' }, 'text there is no content: give text, html or both, attachments, or raw'],
  [{ tenant: 'no such' }, 'tenant is "no such"; expected at most 64 letters, digits, "_" or "-"'],
  [{ headers: { 'X Shop': 'de' } }, 'headers["X Shop"] is "X Shop"; expected the name of a header: letters, digits and "-"'],
  [{ headers: { 'X-Shop': 'a\nb' } }, 'headers["X-Shop"] has a line break; expected one line'],
  [{ tags: { 'a b': 'c' } }, 'tags["a b"] is "a b"; expected 1 to 64 letters, digits, "_", "." or "-"'],
  [{ lane: 9 as Lane }, 'lane is 9; expected one of the defined enum values'],
];

test.each(cases)('%o is refused in a sentence', (init, sentence) => {
  expect(faultsIn(init)).toContain(sentence);
});

test('durations and numbers are shown as they came', () => {
  const wait = create(SendAndWaitRequestSchema, { message: hello, timeout: { seconds: 1000n } });
  expect(faultsOf(() => validate(SendAndWaitRequestSchema, wait))).toEqual([
    'timeout is 1000s; expected greater than or equal to 0.100s and less than or equal to 300s',
  ]);
  const list = create(ListMessagesRequestSchema, { pageSize: 2000 });
  expect(faultsOf(() => validate(ListMessagesRequestSchema, list))).toEqual(['page_size is 2000; expected less than or equal to 1000']);
});

test('a rule within a message is named by the way to it', () => {
  const wait = create(SendAndWaitRequestSchema, { message: { ...hello, attachments: [{ content: new Uint8Array(1), reference: 'x' }] } });
  expect(faultsOf(() => validate(SendAndWaitRequestSchema, wait))).toEqual([
    'message.attachments[0].reference content and reference say what the attachment holds in two ways: give one of them',
  ]);
});

test('an answer names no more faults than it can carry', () => {
  expect(faultsIn({ to: Array.from({ length: 900 }, () => '') })).toHaveLength(16);
});

test('every pattern of the contract has words', () => {
  const messages = new Set([SubmissionService, StatusService].flatMap(({ methods }) => methods.map(({ input }) => input)));
  for (const { fields } of messages) for (const { message } of fields) if (message) messages.add(message);
  const patterns = new Set([...messages].flatMap(({ fields }) => fields.flatMap(patternsOf)));
  expect(patterns.size).toBeGreaterThan(5);
  expect([...patterns].filter((pattern) => !shapes.has(pattern))).toEqual([]);
});

function patternsOf(field: DescField): string[] {
  return hasOption(field, rulesOfField) ? patternsIn(getOption(field, rulesOfField)) : [];
}

function patternsIn({ type: { case: kind, value } }: FieldRules): string[] {
  if (kind === 'string') return value.pattern === '' ? [] : [value.pattern];
  if (kind === 'repeated') return value.items ? patternsIn(value.items) : [];
  return kind === 'map' ? [value.keys, value.values].flatMap((rules) => (rules ? patternsIn(rules) : [])) : [];
}
