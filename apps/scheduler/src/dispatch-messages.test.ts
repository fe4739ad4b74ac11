import { create } from '@bufbuild/protobuf';
import { LaneTable, type Attempt, type Ticket } from '@posthaste/core';
import { DispatchRequestSchema, Outcome } from '@posthaste/protocol/dispatch';
import { describe, expect, it } from 'vitest';
import { batchMessages, toInput } from './dispatch-messages.ts';

const ticket: Ticket = {
  id: '01890000-0000-7000-8000-000000000000',
  tenant: 'default',
  lane: 'high',
  from: 'a@example.org',
  recipients: [{ address: 'b@example.net' }, { address: 'c@example.net', dsnNotify: 'NEVER' }],
  acceptedAt: 1,
  size: 10,
};

function attempt(number: number, of: Ticket = ticket): Attempt {
  const lane = new LaneTable().of(of);
  const mail = { ticket: of, lane, place: { kind: 'log', lane: of.lane, sequence: number } } as Attempt['mail'];
  return { id: `1.${number}`, mail, recipients: [1], upstream: 'main', sender: 's', begun: false };
}

const writing = { mono: 7_000.9, usefulForMs: () => 1_500.9 };

describe('batchMessages', () => {
  it('says how long a mail is useful from when it is written, and when that is, by no wall clock', () => {
    const timed: Ticket = { ...ticket, deadline: 1_000_000 };
    const [message] = batchMessages(0, 3, [attempt(1), attempt(2, timed)], 50, writing);
    const usefulFor = { seconds: 1n, nanos: 500_000_000 };
    expect(message?.said.value).toMatchObject({
      clock: { seconds: 7n, nanos: 0 },
      attempts: [{ attemptId: '1.1' }, { attemptId: '1.2', usefulFor }],
    });
    expect(batchMessages(0, 3, [attempt(1)], 50, writing)[0]?.said.value).not.toHaveProperty('clock');
  });

  it('says where the body lies and names only the recipients of the attempt', () => {
    const [message] = batchMessages(0, 3, [attempt(9)], 50, writing);
    expect(message?.said).toMatchObject({
      case: 'batch',
      value: {
        epoch: 3n,
        attempts: [
          {
            attemptId: '1.9',
            body: { stream: 'MAIL_0_high', sequence: 9n, size: 10n, chunks: 0 },
            recipients: [{ index: 1, address: 'c@example.net', dsnNotify: 'NEVER' }],
          },
        ],
      },
    });
  });

  it('bounds a batch by count and by bytes, and keeps the order', () => {
    const many = Array.from({ length: 120 }, (_, number) => attempt(number));
    const sizes = batchMessages(0, 1, many, 50, writing).map(({ said }) =>
      said.case === 'batch' ? said.value.attempts.map(({ attemptId }) => attemptId) : [],
    );
    expect(sizes.map((ids) => ids.length)).toEqual([50, 50, 20]);
    expect(sizes.flat()).toEqual(many.map(({ id }) => id));
    const wide: Ticket = { ...ticket, recipients: [{ address: '' }, { address: `${'x'.repeat(300_000)}@example.net` }] };
    expect(batchMessages(0, 1, [attempt(1, wide), attempt(2, wide)], 50, writing)).toHaveLength(2);
  });
});

describe('toInput', () => {
  it('reads a report with times and replies', () => {
    const request = create(DispatchRequestSchema, {
      said: {
        case: 'report',
        value: {
          outcomes: [
            {
              attemptId: '1.2',
              messageId: ticket.id,
              took: { seconds: 1n, nanos: 500_000_000 },
              recipients: [{ recipients: [0, 1], outcome: Outcome.DEFERRED, reply: { code: 451, enhancedCode: '4.7.1', text: 'later' } }],
            },
          ],
        },
      },
    });
    expect(toInput('s', request)).toEqual({
      kind: 'reported',
      sender: 's',
      outcomes: [
        {
          attempt: '1.2',
          id: ticket.id,
          tookMs: 1_500,
          recipients: [{ recipients: [0, 1], outcome: 'deferred', reply: { code: 451, enhanced: '4.7.1', text: 'later' } }],
        },
      ],
    });
  });

  it('takes an outcome of a newer sender for in doubt, which loses nothing', () => {
    const request = create(DispatchRequestSchema, {
      said: { case: 'report', value: { outcomes: [{ attemptId: '1.2', recipients: [{ recipients: [0], outcome: 99 as Outcome }] }] } },
    });
    expect(toInput('s', request)).toMatchObject({ outcomes: [{ recipients: [{ outcome: 'inDoubt' }] }] });
  });
});
