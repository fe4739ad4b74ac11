import { describe, expect, test } from 'vitest';
import type { DoubtPolicy } from './doubt.ts';
import { LaneTable } from './lane-table.ts';
import { Stage } from './simulation/stage.ts';

function doubted(policy: DoubtPolicy) {
  const stage = new Stage({ policy: { lanes: new LaneTable([], { normal: { inDoubt: policy } }) } });
  stage.join('sender');
  const ticket = stage.arrive();
  stage.report(stage.takeOnlySent(), 'inDoubt');
  expect(stage.engine.census(stage.now.wall).difference).toBe(0);
  expect(stage.engine.tallies.get('acme')?.doubted).toBe(1);
  return { stage, ticket };
}

describe('what may have been delivered', () => {
  test('is tried again by default', () => {
    const { stage, ticket } = doubted('retry');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', reason: 'IN_DOUBT', attempts: 1 });
  });

  test('is held until an operator decides, where its lane wants that', () => {
    const { stage, ticket } = doubted('hold');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'held', reason: 'IN_DOUBT', by: { author: 'policy' } });
    stage.command({ kind: 'release' }, { reason: 'IN_DOUBT' });
    expect(stage.takeOnlySent().mail.ticket).toBe(ticket);
  });

  test('is taken as sent, and says so, where its lane wants that', () => {
    const { stage, ticket } = doubted('sent');
    expect(stage.events.at(-1)).toMatchObject({ kind: 'delivered', presumed: true });
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'started', 'doubted', 'delivered']);
    expect(stage.engine.size).toBe(0);
  });

  test('counts by the lane that is in force', () => {
    const stage = new Stage({ policy: { lanes: new LaneTable([], { low: { inDoubt: 'hold' } }) } });
    stage.join('sender');
    const ticket = stage.arrive();
    stage.command({ kind: 'changeLane', lane: 'low' });
    stage.report(stage.takeOnlySent(), 'inDoubt');
    expect(stage.stateOf(ticket)?.kind).toBe('held');
  });
});
