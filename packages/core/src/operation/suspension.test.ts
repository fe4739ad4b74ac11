import { describe, expect, test } from 'vitest';
import { recipientsOf, Stage } from '../simulation/stage.ts';
import type { MailMatch } from './selector.ts';
import type { Suspension } from './suspension.ts';

const minute = 60_000;

function suspensionOf(stage: Stage, match: MailMatch, forMs?: number): Suspension {
  const by = { author: 'kim', comment: 'an incident', at: stage.now.wall };
  return { id: `suspension ${stage.now.wall}`, match, by, ...(forMs !== undefined && { expires: stage.now.wall + forMs }) };
}

function suspend(stage: Stage, match: MailMatch, forMs?: number): Suspension {
  const suspension = suspensionOf(stage, match, forMs);
  stage.tell({ kind: 'suspend', suspension });
  return suspension;
}

const idsOf = (sent: readonly { mail: { ticket: { id: string } } }[]) => sent.map(({ mail }) => mail.ticket.id);

describe('a suspension', () => {
  test('stops what is there and what comes later, lets all else pass, and lets it go in its order when it is lifted', () => {
    const stage = new Stage();
    const before = stage.arrive({ tenant: 'globex' });
    const { id } = suspend(stage, { tenant: 'globex' });
    stage.join('sender', { main: 1 });
    const [later, urgent, other] = [stage.arrive({ tenant: 'globex' }), stage.arrive({ tenant: 'globex', lane: 'high' }), stage.arrive()];
    expect(idsOf(stage.takeSent())).toEqual([other.id]);
    stage.tell({ kind: 'lift', id, by: { author: 'lee', comment: 'over' } });
    stage.tell({ kind: 'credit', sender: 'sender', upstream: 'main', window: 10 });
    expect(idsOf(stage.takeSent())).toEqual([urgent.id, before.id, later.id]);
    expect(stage.events.filter(({ kind }) => kind === 'suspended' || kind === 'lifted')).toMatchObject([
      { kind: 'suspended', suspension: { id, match: { tenant: 'globex' } } },
      { kind: 'lifted', id, author: 'lee', comment: 'over' },
    ]);
  });

  test('of a domain stops those recipients and no others', () => {
    const stage = new Stage();
    suspend(stage, { domain: 'shut.example' });
    stage.join('sender');
    const ticket = stage.arrive({ recipients: [...recipientsOf(1, 'open.example'), ...recipientsOf(1, 'shut.example')] });
    expect(stage.takeOnlySent().recipients).toEqual([0]);
    expect(stage.engine.find(ticket.id)?.recipients.map(({ suspended }) => suspended)).toEqual([false, true]);
  });

  test('ends at its time, by itself, and wakes the engine for that', () => {
    const stage = new Stage();
    const ticket = stage.arrive();
    suspend(stage, {}, minute);
    expect(stage.engine.nextWake(stage.now)).toBe(minute);
    stage.pass(minute);
    stage.join('sender');
    expect(idsOf(stage.takeSent())).toEqual([ticket.id]);
    expect(stage.engine.suspensions).toEqual([]);
  });

  test('does not keep mail beyond its deadline', () => {
    const stage = new Stage();
    suspend(stage, {});
    const ticket = stage.arrive({ deadline: stage.now.wall + minute });
    stage.join('sender');
    stage.pass(minute);
    expect(stage.storyOf(ticket)).toEqual(['accepted', 'expired']);
  });

  test('that another scheduler made or lifted is known by what SETTINGS holds', () => {
    const stage = new Stage();
    const suspension = suspensionOf(stage, { lane: 'normal' });
    stage.tell({ kind: 'suspensions', suspensions: [suspension] });
    stage.tell({ kind: 'suspensions', suspensions: [suspension] });
    stage.join('sender');
    const ticket = stage.arrive();
    expect(stage.takeSent()).toEqual([]);
    stage.tell({ kind: 'suspensions', suspensions: [] });
    expect(idsOf(stage.takeSent())).toEqual([ticket.id]);
    expect(stage.events.map(({ kind }) => kind)).toEqual(['suspended', 'accepted', 'lifted', 'started']);
  });

  test('is named by who asks why its mail waits', () => {
    const stage = new Stage();
    const { by } = suspend(stage, { upstream: 'main' });
    const ticket = stage.arrive();
    const [explanation] = stage.engine.explain(ticket.id, stage.now) ?? [];
    expect(explanation).toMatchObject({ estimatedAt: null, gates: [{ reason: 'SUSPENDED_BY_OPERATOR', detail: { kind: 'operator', by } }, {}, {}] });
  });
});
