import { describe, expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { began, recipientsOf, Stage, touchy } from './simulation/stage.ts';

const explain = (stage: Stage, id: string) => stage.engine.explain(id, stage.now);
const reasons = (stage: Stage, id: string, recipient = 0) => explain(stage, id)[recipient]?.gates.map(({ reason }) => reason);

test('names no sender first, then the line that the mail would stand in', () => {
  const stage = new Stage();
  stage.arrive();
  const second = stage.arrive();
  expect(explain(stage, second.id)).toEqual([
    {
      address: 'someone@example.net',
      state: 'queued',
      upstreams: ['main'],
      estimatedAt: null,
      gates: [
        { reason: 'NO_SENDER', since: null, until: null, detail: { kind: 'senders', senders: 0, held: 0 } },
        {
          reason: 'QUEUED_BEHIND',
          since: began,
          until: null,
          detail: { kind: 'place', lane: expect.objectContaining({ name: 'normal' }), tenant: 'acme', ahead: 1, perSecond: 0 },
        },
      ],
    },
  ]);
});

test('tells busy senders from none, and has an estimate by the pace of the last minute', () => {
  const stage = new Stage();
  stage.join('s1', { main: 2 });
  const mails = Array.from({ length: 12 }, () => stage.arrive());
  const last = mails.at(-1)?.id ?? '';
  stage.pass(500);
  expect(explain(stage, last)[0]).toMatchObject({
    gates: [
      { reason: 'SENDERS_BUSY', detail: { senders: 1, held: 2 } },
      { reason: 'QUEUED_BEHIND', detail: { ahead: 9, perSecond: 2 } },
    ],
    estimatedAt: stage.now.wall + 4_500,
  });
});

test('names the outage before the line, and promises nothing while it lasts', () => {
  const stage = new Stage({ policy: touchy });
  stage.join('s1');
  const { id } = stage.arrive();
  stage.report(stage.takeOnlySent(), 'upstreamDown');
  const [explained] = explain(stage, id);
  expect(explained?.gates[0]).toEqual({
    reason: 'UPSTREAM_DOWN',
    since: began,
    until: began + 1_000,
    detail: { kind: 'outage', upstream: 'main', trouble: 'upstreamDown' },
  });
  expect(explained?.estimatedAt).toBeNull();
});

test('names the wait for the next attempt with what was said to the last one, and goes when it is due', () => {
  const stage = new Stage();
  stage.join('s1');
  const { id } = stage.arrive();
  stage.refuse(stage.takeOnlySent(), { code: 451, enhanced: '4.3.0', text: 'later' });
  expect(explain(stage, id)[0]).toMatchObject({
    gates: [
      {
        reason: 'UPSTREAM_DEFERRED',
        since: began,
        until: began + 60_000,
        detail: { kind: 'backoff', attempts: 1, reply: { code: 451, text: 'later' } },
      },
    ],
    estimatedAt: began + 60_000,
  });
});

test('names the time that scheduled mail waits for, since its acceptance', () => {
  const stage = new Stage();
  stage.join('s1');
  const { id } = stage.arrive({ due: began + 5_000 });
  expect(explain(stage, id)[0]).toMatchObject({ gates: [{ reason: 'SCHEDULED', since: began, until: began + 5_000 }], estimatedAt: began + 5_000 });
});

test('has nothing to say of what is with a sender, and speaks of each recipient by itself', () => {
  const stage = new Stage({ upstreams: ['main', 'other'] });
  stage.join('s1', { main: 1 });
  const { id } = stage.arrive({ recipients: [...recipientsOf(1), ...recipientsOf(1, 'other.example')] });
  expect(explain(stage, id)[0]).toMatchObject({ state: 'sending', gates: [], upstreams: ['main'] });
  expect(reasons(stage, id, 1)).toEqual(['NO_SENDER', 'QUEUED_BEHIND']);
  expect(explain(stage, 'unknown')).toEqual([]);
});

test('counts what goes before: more urgent lanes, earlier mail of the tenant, the turns of others', () => {
  const stage = new Stage({
    policy: { lanes: new LaneTable([], { high: { share: 0 }, normal: { share: 0 }, low: { share: 0 } }), tenantWeights: new Map([['heavy', 2]]) },
  });
  for (let index = 0; index < 3; index += 1) stage.arrive({ lane: 'immediate' });
  for (let index = 0; index < 4; index += 1) stage.arrive();
  for (let index = 0; index < 20; index += 1) stage.arrive({ tenant: 'heavy' });
  stage.arrive({ tenant: 'small' });
  stage.arrive({ lane: 'low' });
  const { id } = stage.arrive();
  // 3 immediate, 4 of its own, 8 of the tenant with twice its weight, 1 of the one that has no more.
  expect(explain(stage, id)[0]?.gates.at(-1)?.detail).toMatchObject({ kind: 'place', ahead: 16 });
});

test('lets a lane with a share go before all more urgent mail has gone', () => {
  const stage = new Stage({ policy: { lanes: new LaneTable([], { high: { share: 0 }, normal: { share: 0 }, low: { share: 0.1 } }) } });
  for (let index = 0; index < 1_000; index += 1) stage.arrive();
  stage.arrive({ lane: 'low' });
  const { id } = stage.arrive({ lane: 'low' });
  expect(explain(stage, id)[0]?.gates.at(-1)?.detail).toMatchObject({ ahead: 10 });
});

test("counts those that go through a domain's limit before it, and the windows that they take", () => {
  const stage = new Stage({ policy: { domainLimits: new Map([['example.net', { perMinute: 2 }]]) } });
  stage.join('s1', { main: 100 });
  const mails = Array.from({ length: 7 }, () => stage.arrive());
  for (const attempt of stage.takeSent()) {
    stage.tell({ kind: 'written', sender: attempt.sender, attempts: [{ attempt: attempt.id, ageMs: 0 }] });
    stage.report(attempt, 'delivered');
  }
  stage.pass(1);
  const told = mails.slice(2).map(({ id }) => explain(stage, id)[0]);
  expect(told.map((each) => each?.gates[0]?.reason)).toEqual(Array.from({ length: 5 }, () => 'DOMAIN_LIMIT'));
  expect(told.map((each) => each?.gates.at(-1)?.detail)).toMatchObject([0, 1, 2, 3, 4].map((ahead) => ({ kind: 'place', ahead })));
  const first = told[0]?.estimatedAt ?? 0;
  expect(told.map((each) => (each?.estimatedAt ?? 0) - first)).toEqual([0, 0, 60_000, 60_000, 120_000]);
});

test('names the suspension that is to be lifted', () => {
  const stage = new Stage();
  stage.join('s1');
  const by = { author: 'ann', comment: 'wrong price', at: began };
  stage.tell({ kind: 'suspend', suspension: { id: 'spring', match: { tenant: 'acme' }, by } });
  const { id } = stage.arrive();
  expect(explain(stage, id)[0]?.gates[0]).toMatchObject({ reason: 'SUSPENDED_BY_OPERATOR', detail: { kind: 'operator', by, suspension: 'spring' } });
});

describe('senders that are connected and have no connection of their own', () => {
  const policy = { upstreamRules: new Map([['main', { limits: {}, maxConnections: 5, adaptive: false }]]) };
  const hello = (stage: Stage, sender: string, connections = 0) =>
    stage.tell({ kind: 'hello', sender, held: [], outcomes: [], credits: [{ upstream: 'main', window: 0, connections }] });
  const first = (stage: Stage, id: string) => explain(stage, id)[0];

  test('are told from none, with the limit and who fills it, while a sender that has gone keeps its share', () => {
    const stage = new Stage({ policy });
    const { id } = stage.arrive();
    expect(reasons(stage, id)).toEqual(['NO_SENDER', 'QUEUED_BEHIND']);
    hello(stage, 'one');
    stage.tell({ kind: 'disconnected', sender: 'one' });
    expect(reasons(stage, id)).toEqual(['NO_SENDER', 'QUEUED_BEHIND']);
    hello(stage, 'two');
    expect(first(stage, id)).toMatchObject({
      estimatedAt: null,
      gates: [
        { reason: 'CONNECTION_LIMIT', since: null, until: null, detail: { kind: 'connections', upstream: 'main', limit: 5, inForce: 5 } },
        { reason: 'QUEUED_BEHIND' },
      ],
    });
  });

  test('wait after a takeover for the leases of senders that are not known of, and it is said until when', () => {
    const stage = new Stage({ policy, epoch: 2 });
    stage.engine.finishRestoring(stage.now);
    const { id } = stage.arrive();
    hello(stage, 'one');
    expect(first(stage, id)?.gates[0]).toEqual({
      reason: 'CONNECTION_LIMIT',
      since: null,
      until: stage.now.wall + 15_000,
      detail: { kind: 'connections', upstream: 'main', limit: 5, inForce: 0 },
    });
  });
});
