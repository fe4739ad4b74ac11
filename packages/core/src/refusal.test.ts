import { describe, expect, test } from 'vitest';
import { began, effectsOf, Stage, touchy } from './simulation/stage.ts';
import { defaultRetryRules, type RetryMatch, type RetryRule } from './retry-rules.ts';

const minute = 60_000;

describe('deferral', () => {
  test('waits 1, 5 and 15 minutes, then becomes a dead letter that is buried before its entry goes', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    for (const wait of [minute, 5 * minute, 15 * minute]) {
      stage.report(stage.takeOnlySent(), 'deferred');
      expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', reason: 'UPSTREAM_DEFERRED', due: stage.now.wall + wait });
      // Leases and dues alike are minutes long: the sender says hello again after each.
      stage.pass(wait - 1);
      stage.join('sender');
      expect(stage.takeSent()).toEqual([]);
      stage.pass(1);
    }
    const last = stage.report(stage.takeOnlySent(), 'deferred');
    expect(stage.events.at(-1)).toMatchObject({ kind: 'failed', reason: 'RETRIES_EXHAUSTED' });
    expect(effectsOf(last, 'bury').map(({ mail }) => mail.ticket)).toEqual([ticket]);
    expect(effectsOf(last, 'trim')).toEqual([]);
    expect(effectsOf(stage.tell({ kind: 'buried', id: ticket.id }), 'trim')).toEqual([{ kind: 'trim', lane: 'normal', upTo: 1 }]);
  });

  test.each([
    ['451 greylisted', { code: 451, enhanced: '4.7.1', text: 'Greylisted, try again in 300 seconds' }, 'UPSTREAM_GREYLISTED', 5 * minute, 5 * minute],
    ['4xx for a rate', { code: 450, enhanced: '4.7.28', text: 'Rate limited' }, 'UPSTREAM_RATE_LIMITED', 1_000, minute],
    ['4xx for a full mailbox', { code: 452, enhanced: '4.2.2', text: 'Over quota' }, 'MAILBOX_FULL', 60 * minute, 60 * minute],
    ['5xx for a full mailbox', { code: 552, enhanced: '5.2.2', text: 'Mailbox full' }, 'MAILBOX_FULL', 60 * minute, 60 * minute],
  ] as const)('waits by the class of the reply: %s', (_, reply, reason, least, most) => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    stage.refuse(stage.takeOnlySent(), reply);
    const state = stage.stateOf(ticket);
    expect(state).toMatchObject({ kind: 'queued', attempts: 1, reason, reply });
    const waitMs = (state?.kind === 'queued' ? state.due : 0) - stage.now.wall;
    expect(waitMs).toBeGreaterThanOrEqual(least);
    expect(waitMs).toBeLessThanOrEqual(most);
  });

  test('each recipient waits by the rule for its domain, and for its lane, tenant and upstream', () => {
    const rule = (match: RetryMatch, delayMs: number): RetryRule => ({ match, policy: { kind: 'fixed', delaysMs: [delayMs] } });
    const rules = [
      rule({ domain: 'slow.example', lane: 'low', tenant: 'acme', upstream: 'main' }, 7_000),
      rule({ domain: 'slow.example', lane: 'high' }, 1),
    ];
    const stage = new Stage({ policy: { retry: { ...defaultRetryRules, rules } } });
    stage.join('sender');
    const ticket = stage.arrive({
      lane: 'low',
      recipients: [{ address: 'a@example.net' }, { address: 'b@Slow.Example' }, { address: 'c@example.org' }],
    });
    stage.report(stage.takeOnlySent(), 'deferred');
    expect([0, 1, 2].map((recipient) => stage.stateOf(ticket, recipient))).toMatchObject(
      [minute, 7_000, minute].map((ms) => ({ due: stage.now.wall + ms })),
    );
    expect(stage.storyOf(ticket), 'those with one due share an event').toEqual(['accepted', 'started', 'deferred', 'deferred']);
  });

  test('gives up at the maximum age, though retries are left', () => {
    const stage = new Stage({ policy: { retry: { ...defaultRetryRules, maxAgeMs: 5 * minute } } });
    stage.join('sender');
    const ticket = stage.arrive();
    stage.report(stage.takeOnlySent(), 'deferred');
    stage.pass(minute - 1);
    stage.join('sender');
    stage.pass(1);
    stage.report(stage.takeOnlySent(), 'deferred');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'failed', attempts: 2, reason: 'RETRIES_EXHAUSTED' });
  });

  test('scheduled mail ages from its time on, not from its acceptance', () => {
    const stage = new Stage({ policy: { retry: { ...defaultRetryRules, maxAgeMs: 5 * minute } } });
    const ticket = stage.arrive({ due: began + 10 * minute });
    stage.pass(10 * minute);
    stage.join('sender');
    stage.report(stage.takeOnlySent(), 'deferred');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', due: stage.now.wall + minute });
  });

  test.each([
    { code: 530, enhanced: '5.7.0', text: 'Authentication required' },
    { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' },
  ])("a refused login ($code) is the upstream's trouble: no attempt is spent, and a probe finds out", (reply) => {
    const stage = new Stage({ policy: touchy });
    stage.join('sender');
    const ticket = stage.arrive();
    stage.refuse(stage.takeOnlySent(), reply);
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', attempts: 0, due: 0, reason: 'UPSTREAM_DOWN', reply });
    expect(stage.engine.upstreams()[0]?.health).toMatchObject({ kind: 'down', trouble: reply.text });
    stage.pass(1_000);
    stage.report(stage.takeOnlySent(), 'delivered');
    expect(stage.engine.upstreams()[0]?.health.kind).toBe('recovering');
  });

  test('a bounce is final at once, and says why', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    stage.report(stage.takeOnlySent(), 'bounced');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'failed', attempts: 1, reason: 'UPSTREAM_REJECTED' });
  });

  test.each(['bodyUnavailable', 'tooLate'] as const)(
    'that came back for a reason of our own (%s) rests for a second and spends no attempt',
    (outcome) => {
      const stage = new Stage();
      stage.join('sender');
      const ticket = stage.arrive();
      stage.report(stage.takeOnlySent(), outcome);
      expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', attempts: 0, due: stage.now.wall + 1_000 });
      stage.pass(1_000);
      expect(stage.takeSent()).toHaveLength(1);
    },
  );

  test('a body that cannot be read is our own trouble: a second later, and no attempt spent', () => {
    const stage = new Stage();
    stage.join('sender');
    const ticket = stage.arrive();
    stage.report(stage.takeOnlySent(), 'bodyUnavailable');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', attempts: 0, reason: 'BODY_UNAVAILABLE', due: stage.now.wall + 1_000 });
    stage.pass(1_000);
    expect(stage.takeSent()).toHaveLength(1);
  });
});
