import { describe, expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { Stage } from './simulation/stage.ts';

const lanes = new LaneTable([{ name: 'wedding-day', base: 'high', targetMs: 60_000, inDoubt: 'hold' }]);
const weddingDay = lanes.named('wedding-day')!.written;
const toFast = { match: { kind: 'lane', value: 'wedding-day' }, upstream: 'fast' } as const;

describe('mail of a further lane', () => {
  test('goes by its route, its rules for retries and its policy for what is in doubt', () => {
    const rule = { match: { lane: 'wedding-day' }, policy: { kind: 'fixed', delaysMs: [7_000] } } as const;
    const retry = { rules: [rule], default: { kind: 'fixed', delaysMs: [] }, maxAgeMs: 3_600_000 } as const;
    const stage = new Stage({ upstreams: ['main', 'fast'], routes: [toFast], policy: { lanes, retry } });
    stage.join('sender', { main: 5, fast: 5 });
    const ticket = stage.arrive(weddingDay);
    const attempt = stage.takeOnlySent();
    expect(attempt.upstream).toBe('fast');
    stage.report(attempt, 'deferred');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'queued', due: stage.now.wall + 7_000 });
    stage.pass(7_000);
    stage.report(stage.takeOnlySent(), 'inDoubt');
    expect(stage.stateOf(ticket)).toMatchObject({ kind: 'held', by: { comment: 'lanes.inDoubt holds what is in doubt in lane wedding-day' } });
  });

  test('is counted, explained and named by it, and not by its base', () => {
    const stage = new Stage({ policy: { lanes } });
    const ticket = stage.arrive(weddingDay);
    stage.arrive({ lane: 'high' });
    const counts = stage.engine.census(stage.now.wall).lanes.map(({ lane, depth }) => [lane.name, depth.queued]);
    expect(counts).toEqual([
      ['immediate', 0],
      ['wedding-day', 1],
      ['high', 1],
      ['normal', 0],
      ['low', 0],
    ]);
    expect(stage.engine.explain(ticket.id, stage.now)[0]?.gates.at(-1)?.detail).toMatchObject({ lane: { name: 'wedding-day' } });
    stage.command({ kind: 'hold' }, { lane: 'high' });
    expect(stage.stateOf(ticket)?.kind).toBe('queued');
    stage.command({ kind: 'hold' }, { lane: 'wedding-day' });
    expect(stage.stateOf(ticket)?.kind).toBe('held');
  });

  test('may be put there by an operator, and go from there', () => {
    const stage = new Stage({ upstreams: ['main', 'fast'], routes: [toFast], policy: { lanes } });
    const { id } = stage.arrive();
    stage.command({ kind: 'changeLane', ...weddingDay });
    expect(stage.engine.find(id)?.lane.name).toBe('wedding-day');
    expect(stage.events).toContainEqual(expect.objectContaining({ kind: 'laneChanged', lane: 'high', furtherLane: 'wedding-day' }));
    stage.join('sender', { main: 5, fast: 5 });
    expect(stage.takeOnlySent().upstream).toBe('fast');
  });

  test('is mail of its base where the lane is not configured any more', () => {
    const stage = new Stage({ upstreams: ['main', 'fast'], routes: [toFast] });
    stage.join('sender', { main: 5, fast: 5 });
    const { id } = stage.arrive(weddingDay);
    expect(stage.engine.find(id)?.lane.name).toBe('high');
    expect(stage.takeOnlySent().upstream).toBe('main');
  });
});
