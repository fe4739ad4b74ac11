import { create } from '@bufbuild/protobuf';
import { AttemptSchema, Outcome } from '@posthaste/protocol/dispatch';
import { StreamError } from '@posthaste/stream';
import { expect, it } from 'vitest';
import { findObstacle, groupVerdicts, judge, outcomeOf } from './outcome.ts';
import { ConnectionLost } from './smtp-wire.ts';

const { DELIVERED, DEFERRED, BOUNCED, IN_DOUBT, UPSTREAM_DOWN, TOO_LATE, BODY_LOST, BODY_UNAVAILABLE } = Outcome;
const reply = (code: number, text = '') => ({ code, text });

it.each([
  [250, DELIVERED],
  [251, DELIVERED],
  [421, DEFERRED],
  [450, DEFERRED],
  [452, DEFERRED],
  [500, BOUNCED],
  [530, BOUNCED],
  [550, BOUNCED],
  [554, BOUNCED],
])('takes %i for outcome %i', (code, outcome) => {
  expect(outcomeOf(reply(code))).toBe(outcome);
});

const cut = new ConnectionLost('the upstream closed the connection');
const closing = new ConnectionLost('the upstream closes the session', reply(421, 'Bye'));
it.each([
  ['a connection lost before the final dot', { kind: 'lost', lost: cut, heard: true, handedOver: false }, UPSTREAM_DOWN, 0, cut.message],
  ['421 before the final dot', { kind: 'lost', lost: closing, heard: true, handedOver: false }, UPSTREAM_DOWN, 421, 'Bye'],
  ['a connection lost after it', { kind: 'lost', lost: cut, heard: true, handedOver: true }, IN_DOUBT, 0, cut.message],
  ['the lease over', { kind: 'tooLate' }, TOO_LATE, 0, expect.stringContaining('lease')],
  ['a damaged body', { kind: 'bodyFailed', error: new StreamError('BROKEN', 'wrong digest') }, BODY_LOST, 0, 'wrong digest'],
  ['a missing body', { kind: 'bodyFailed', error: new StreamError('NOT_FOUND', 'no such entry') }, BODY_UNAVAILABLE, 0, 'no such entry'],
  ['NATS away', { kind: 'bodyFailed', error: new StreamError('AWAY', 'not connected') }, BODY_UNAVAILABLE, 0, 'not connected'],
] as const)('judges %s', (_, transaction, outcome, code, text) => {
  expect(judge(transaction, 2)).toEqual([0, 1].map(() => ({ outcome, reply: { code, text } })));
});

it('finds what the upstream lacks, and only when the message needs it', () => {
  const nothing = { pipelining: true, eightBitMime: false, smtpUtf8: false, dsn: false, size: false };
  const lacking = (needs: { eightBit?: boolean; smtpUtf8?: boolean }) => findObstacle(create(AttemptSchema, needs), nothing)?.reply.enhanced;
  expect([lacking({}), lacking({ eightBit: true }), lacking({ eightBit: true, smtpUtf8: true })]).toEqual([undefined, '5.6.3', '5.6.7']);
});

it('never makes a command of an address', () => {
  const everything = { pipelining: true, eightBitMime: true, smtpUtf8: true, dsn: true, size: true };
  const attempt = create(AttemptSchema, { recipients: [{ address: 'b@example.net>\r\nRCPT TO:<c@example.net' }] });
  expect(findObstacle(attempt, everything)).toMatchObject({ outcome: BOUNCED, reply: { enhanced: '5.1.3' } });
  expect(findObstacle(create(AttemptSchema, { recipients: [{ address: '"odd <one>"@exämple.net' }] }), everything)).toBeUndefined();
});

it('puts recipients with the same verdict together, under their indexes in the message', () => {
  const attempt = create(AttemptSchema, { recipients: [3, 5, 9].map((index) => ({ index })) });
  const delivered = { outcome: DELIVERED, reply: reply(250, 'Ok') };
  const groups = groupVerdicts(attempt, [
    delivered,
    { outcome: BOUNCED, reply: { code: 550, enhanced: '5.1.1', text: 'Unknown' } },
    { ...delivered },
  ]);
  expect(groups.map(({ recipients, outcome, reply: said }) => [recipients, outcome, said?.code, said?.enhancedCode])).toEqual([
    [[3, 9], DELIVERED, 250, ''],
    [[5], BOUNCED, 550, '5.1.1'],
  ]);
});
