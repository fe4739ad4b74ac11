import { create } from '@bufbuild/protobuf';
import { type Timestamp, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { AttemptOutcome, Lane, MessageSchema, MessageState, Reason, RecipientState, ReplyClass } from '@posthaste/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { dayAndTime, describeMessage } from './message-text.ts';

const now = new Date(2026, 4, 6, 12, 0, 0);
const at = (seconds: number): Timestamp => timestampFromDate(new Date(now.getTime() + seconds * 1000));

it('tells the state of a mail, of each recipient, and what came of each attempt', () => {
  const message = create(MessageSchema, {
    id: '019a',
    state: MessageState.QUEUED,
    tenant: 'default',
    lane: Lane.HIGH,
    from: 'a@example.org',
    sizeBytes: 10_240n,
    acceptedAt: at(-90),
    recipients: [
      {
        address: 'b@example.net',
        state: RecipientState.QUEUED,
        reason: Reason.UPSTREAM_DEFERRED,
        dueAt: at(300),
        attemptCount: 1,
        changedAt: at(-5),
        attempts: [
          {
            upstream: 'main',
            startedAt: at(-6),
            outcome: AttemptOutcome.DEFERRED,
            reason: Reason.UPSTREAM_DEFERRED,
            took: { seconds: 0n, nanos: 120_000_000 },
            reply: { code: 451, enhancedCode: '4.2.1', text: 'try\nlater', replyClass: ReplyClass.RATE_LIMITED },
          },
        ],
      },
      { address: 'c@example.net', state: RecipientState.IN_DOUBT, attemptCount: 2, lastReply: { code: 0, text: 'connection lost' } },
    ],
  });
  expect(describeMessage(message, now).split('\n')).toEqual([
    '019a  queued',
    '  from a@example.org, lane high, tenant default, 10.0 KiB',
    '  accepted 11:58:30 (90 s ago)',
    '',
    'b@example.net  queued, UPSTREAM_DEFERRED, due 12:05:00 (in 5 min), 1 attempt, since 11:59:55 (5 s ago)',
    '  11:59:54  main  deferred UPSTREAM_DEFERRED  120 ms  451 4.2.1 try / later (rate_limited)',
    '',
    'c@example.net  in doubt, 2 attempts',
    '  last reply: connection lost',
  ]);
});

it('counts the attempts of a mail that was queued again, and those before', () => {
  const attempts = [AttemptOutcome.FAILED, AttemptOutcome.RETURNED, AttemptOutcome.DELIVERED].map((outcome) => ({ upstream: 'main', outcome }));
  const recipients = [{ address: 'b@example.net', state: RecipientState.DELIVERED, attemptCount: 1, attempts }];
  expect(describeMessage(create(MessageSchema, { id: '019a', recipients }), now)).toContain(
    'delivered, 1 attempt since it was queued again, 2 in all\n',
  );
});

it('lets no reply steer the terminal', () => {
  const message = create(MessageSchema, {
    id: 'x',
    recipients: [{ address: 'b@example.net', lastReply: { code: 550, text: '\u001b]0;owned\u0007' } }],
  });
  expect(describeMessage(message, now)).toContain('550 \ufffd]0;owned\ufffd');
});

afterEach(() => void vi.unstubAllEnvs());

it.each([
  ['Europe/Berlin', '2026-12-24T17:00:00Z', '2026-12-24 18:00:00+01:00'],
  ['Europe/Berlin', '2026-06-24T16:00:00Z', '2026-06-24 18:00:00+02:00'],
  ['America/St_Johns', '2026-12-24T17:00:00Z', '2026-12-24 13:30:00-03:30'],
  ['Asia/Kolkata', '2026-12-24T20:00:00Z', '2026-12-25 01:30:00+05:30'],
])('tells a time that is not of today as it is in %s then', (zone, instant, told) => {
  vi.stubEnv('TZ', zone);
  expect(dayAndTime(new Date(instant))).toBe(told);
});
