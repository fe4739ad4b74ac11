import { encodeTicket, horizonMs, maxTicketBytes, type TicketRecipient } from '@posthaste/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCover, checkTags, timingOf } from './check-cover.ts';
import { recipientBytes, recipientRoom } from './ticket-room.ts';
import type { Cover } from './submission.ts';

const cover = (envelope: Partial<Cover['envelope']>, tenant?: string): Cover => ({
  envelope: { from: 'a@example.org', recipients: [{ address: 'b@example.net' }], ...envelope },
  protocol: 'ESMTP',
  ...(tenant !== undefined && { tenant }),
});

describe('the envelope', () => {
  it.each([
    [cover({ from: 'a@example.org>\r\nRCPT TO:<x@example.org' }), 'INVALID_SENDER'],
    [cover({ from: 'a'.repeat(255) }), 'INVALID_SENDER'],
    [cover({ recipients: [] }), 'INVALID_RECIPIENT'],
    [cover({ recipients: [{ address: '' }] }), 'INVALID_RECIPIENT'],
    [cover({ recipients: [{ address: 'a\nb@example.org' }] }), 'INVALID_RECIPIENT'],
    [cover({ recipients: Array.from({ length: 11 }, (_, number) => ({ address: `${number}@example.org` })) }), 'TOO_MANY_RECIPIENTS'],
    [cover({}, 'a.b'), 'INVALID_TENANT'],
    [cover({}, ''), 'INVALID_TENANT'],
  ])('%j is refused', (given, code) => {
    expect(() => checkCover(given, 10)).toThrow(expect.objectContaining({ code }));
  });

  it('with the null sender, or with international addresses, is taken', () => {
    expect(() => checkCover(cover({ from: '' }, 'shop_1'), 10)).not.toThrow();
    expect(() => checkCover(cover({ recipients: [{ address: '\u7528\u6237@example.org' }] }), 10)).not.toThrow();
  });

  it('refuses more recipients than fit the ticket', () => {
    const recipients = Array.from({ length: 1000 }, (_, number) => ({ address: `${'x'.repeat(100)}${number}@example.org` }));
    expect(() => checkCover(cover({ recipients }), 1000)).toThrow(expect.objectContaining({ code: 'TOO_MANY_RECIPIENTS' }));
  });
});

describe('the times', () => {
  const now = Date.UTC(2031, 4, 1);
  it.each([
    [{}, { due: undefined, deadline: undefined }],
    [{ due: now - 1 }, { due: undefined, deadline: undefined }],
    [{ due: now + 1000 }, { due: now + 1000, deadline: undefined }],
    [{ ttlMs: 500 }, { due: undefined, deadline: now + 500 }],
    [
      { due: now + 1000, ttlMs: 500 },
      { due: now + 1000, deadline: now + 1500 },
    ],
    [
      { due: now + 1000, deadline: now + 1001 },
      { due: now + 1000, deadline: now + 1001 },
    ],
    [{ due: now + horizonMs }, { due: now + horizonMs, deadline: undefined }],
  ])('%j', (wishes, timing) => {
    expect(timingOf(wishes, now)).toMatchObject(timing);
  });

  it.each([
    ['a time to live', { ttlMs: 500 }, true],
    ['one that was said as a while from now, as by BY of MAIL', { deadline: now + 500, byAge: true as const }, true],
    ['a time', { deadline: now + 500 }, false],
    ['a time to live from a sending time, which is a time', { due: now + 1000, ttlMs: 500 }, false],
    ['a time to live from a sending time that has passed', { due: now - 1, ttlMs: 500 }, true],
    ['none', {}, false],
  ])('the deadline goes by the age of the mail or not: %s', (_name, wishes, byAge) => {
    expect(timingOf(wishes, now).byAge).toBe(byAge);
  });

  it.each([
    [{ due: now + horizonMs + 1 }, 'INVALID_SEND_AT'],
    [{ due: Number.NaN }, 'INVALID_SEND_AT'],
    [{ ttlMs: 0 }, 'INVALID_TTL'],
    [{ deadline: now }, 'INVALID_DEADLINE'],
    [{ due: now + 1000, deadline: now + 1000 }, 'INVALID_DEADLINE'],
  ])('%j is refused', (wishes, code) => {
    expect(() => timingOf(wishes, now)).toThrow(expect.objectContaining({ code }));
  });
});

describe('times that contradict each other', () => {
  const now = Date.UTC(2031, 4, 1);
  const [soon, late] = [now + 1000, now + 5000];
  const askers = (more: Partial<Cover>, own = {}) => ({ cover: { ...cover({}), ...more }, asked: { own } });

  it.each([
    [
      { due: late, deadline: soon },
      askers({ wishes: { deadline: soon } }, { due: late }),
      'deadline (by BY of MAIL) is "2031-05-01T00:00:01.000Z"; expected a time after 2031-05-01T00:00:05.000Z, its send-at (by X-Posthaste-Send-At)',
    ],
    [
      { due: late, deadline: soon },
      askers({ login: { due: late } }, { deadline: soon }),
      'deadline (by X-Posthaste-Deadline) is "2031-05-01T00:00:01.000Z"; expected a time after 2031-05-01T00:00:05.000Z, its send-at (by the user name)',
    ],
    [
      { due: late, deadline: soon },
      askers({ protocol: 'gRPC', wishes: { due: late, deadline: soon } }),
      'deadline is "2031-05-01T00:00:01.000Z"; expected a time after 2031-05-01T00:00:05.000Z',
    ],
    [
      { deadline: now },
      askers({ wishes: { deadline: now } }),
      'deadline (by BY of MAIL) is "2031-05-01T00:00:00.000Z"; expected a time after 2031-05-01T00:00:00.000Z',
    ],
  ])('%j are refused with who said which', (wishes, who, sentence) => {
    expect(() => timingOf(wishes, now, who)).toThrow(sentence);
  });
});

describe('tags', () => {
  it.each([
    { 'a b': 'c' },
    { '': 'c' },
    { a: 'x'.repeat(257) },
    { a: 'b\nc' },
    Object.fromEntries(Array.from({ length: 33 }, (_, number) => [`t${number}`, ''])),
  ])('%j are refused', (tags) => {
    expect(() => checkTags(tags as Record<string, string>)).toThrow(expect.objectContaining({ code: 'INVALID_TAGS' }));
  });
});

it('what is within the limits fits into a ticket, whatever the characters', () => {
  const address = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(address, { minLength: 1, maxLength: 400 }), (addresses) => {
      const recipients: TicketRecipient[] = [];
      let bytes = 0;
      for (const each of addresses) {
        const recipient = { address: each };
        if ((bytes += recipientBytes(recipient)) > recipientRoom) break;
        recipients.push(recipient);
      }
      const tags = Object.fromEntries(Array.from({ length: 32 }, (_, number) => [`t${number}`, 'x'.repeat(256)]));
      const rest = {
        id: 'i'.repeat(36),
        tenant: 't'.repeat(64),
        lane: 'immediate' as const,
        from: '\u00fc'.repeat(254),
        acceptedAt: 2e12,
        due: 2e12,
        deadline: 2e12,
        size: 2e9,
      };
      const ticket = {
        ...rest,
        recipients,
        chunked: { count: 9999, digest: 'f'.repeat(64) },
        dsnEnvelopeId: 'e'.repeat(100),
        messageId: '\u00fc'.repeat(250),
        tags,
      };
      checkTags(tags);
      expect(encodeTicket(ticket).length).toBeLessThanOrEqual(maxTicketBytes);
    }),
  );
});
