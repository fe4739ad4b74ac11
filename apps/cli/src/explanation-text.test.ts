import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { ExplainMessageResponseSchema, type GateSchema, Lane, MessageState, Reason, RecipientState } from '@posthaste/protocol';
import { expect, it } from 'vitest';
import { describeExplanation } from './explanation-text.ts';

const now = new Date(2026, 4, 6, 12, 0, 0);
const at = (seconds: number) => timestampFromMs(now.getTime() + seconds * 1_000);

function describeGates(gates: MessageInitShape<typeof GateSchema>[], estimate = false): string[] {
  const recipient = {
    address: 'b@example.net',
    state: RecipientState.QUEUED,
    upstreams: ['main', 'spare'],
    gates,
    ...(estimate && { estimatedAt: at(5) }),
  };
  const explained = create(ExplainMessageResponseSchema, { message: { id: '019a', state: MessageState.QUEUED }, recipients: [recipient] });
  return describeExplanation(explained, now).split('\n');
}

it('tells the gates in order, each with what there is to know of it', () => {
  expect(
    describeGates([
      {
        reason: Reason.UPSTREAM_DEFERRED,
        since: at(-5),
        until: at(55),
        detail: { case: 'backoff', value: { attemptCount: 1, lastReply: { code: 451, text: 'later' } } },
      },
      { reason: Reason.UPSTREAM_DOWN, detail: { case: 'outage', value: { upstream: 'main', trouble: 'connection refused' } } },
      {
        reason: Reason.UPSTREAM_LIMIT,
        detail: { case: 'limit', value: { scope: 'upstream:main', limit: 100n, window: { seconds: 1n }, usedCount: 100n, learned: true } },
      },
      {
        reason: Reason.DOMAIN_LIMIT,
        detail: { case: 'limit', value: { scope: 'domain:example.net', limit: 60n, configuredLimit: 100n, usedCount: 60n } },
      },
      { reason: Reason.SENDERS_BUSY, detail: { case: 'senders', value: { senderCount: 1n, heldCount: 40n } } },
      { reason: Reason.QUEUED_BEHIND, detail: { case: 'place', value: { lane: Lane.LOW, tenant: 'x', aheadCount: 12n, perSecond: 2.25 } } },
    ]),
  ).toEqual([
    '019a  queued',
    '',
    'b@example.net  queued, by main or spare, nobody can say when it goes',
    '  now   UPSTREAM_DEFERRED, attempt 2 is next, last reply: 451 later, since 11:59:55 (5 s ago), until 12:00:55 (in 55 s)',
    '  then  UPSTREAM_DOWN, main: connection refused',
    '  then  UPSTREAM_LIMIT, upstream:main takes 100 in 1s (learned), 100 used',
    "  then  DOMAIN_LIMIT, domain:example.net takes 100 at once, 60 of these are its partition's share, 60 used",
    '  then  SENDERS_BUSY, 1 sender holds 40',
    '  then  QUEUED_BEHIND, 12 before it in lane low, 2.3 go each second',
  ]);
});

it('tells when it is thought to go', () => {
  expect(describeGates([{ reason: Reason.NO_SENDER, detail: { case: 'senders', value: {} } }], true).slice(2)).toEqual([
    'b@example.net  queued, by main or spare, goes about 12:00:05 (in 5 s)',
    '  now   NO_SENDER',
  ]);
});

it('lets nothing from outside steer the terminal', () => {
  expect(
    describeGates([{ reason: Reason.UPSTREAM_DOWN, detail: { case: 'outage', value: { upstream: 'main', trouble: '\u001b[2Jgone' } } }]).at(-1),
  ).toContain('\ufffd[2Jgone');
});

it('names an operator who gave no reason, and leaves the reason out', () => {
  expect(describeGates([{ reason: Reason.HELD_BY_OPERATOR, detail: { case: 'operator', value: { author: 'ann@desk' } } }]).at(-1)).toBe(
    '  now   HELD_BY_OPERATOR, by ann@desk',
  );
});

it('does not call a slow pace none', () => {
  const value = { lane: Lane.LOW, tenant: 'x', aheadCount: 1n, perSecond: 0.02 };
  expect(describeGates([{ reason: Reason.QUEUED_BEHIND, detail: { case: 'place', value } }]).at(-1)).toBe(
    '  now   QUEUED_BEHIND, 1 before it in lane low, less than 0.1 go each second',
  );
});
