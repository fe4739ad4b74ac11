import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { LaneTable } from '@posthaste/core';
import { Lane } from '@posthaste/protocol';
import { LookupService, OperateService, Outcome } from '@posthaste/protocol/dispatch';
import { createPublisher, createSetting, readEntry, removeSetting, streamState } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { describe, expect, it } from 'vitest';
import { schedulerRig } from '../rig.ts';

const rig = schedulerRig();

const asked = (act: 'hold' | 'release' | 'cancel' | 'retry' | 'revive' | 'purge', ids: readonly string[] = []) => ({
  id: randomUUID(),
  author: 'kim',
  comment: 'because',
  selector: { ids: [...ids] },
  patience: { seconds: 5n },
  act: { case: act, value: {} } as { case: 'hold'; value: object },
});
const { operate, lookupOperation, createSuspension, listSuspensions, liftSuspension, listDeadLetters } = OperateService.method;

describe('an operator’s command', () => {
  it('holds what is there, says who and why, and lets it go again', async () => {
    const { port } = await rig.owner();
    const id = await rig.submit();
    const held = await rig.ask(port, operate, asked('hold', [id]));
    expect(held.progress).toMatchObject({ act: 'hold', done: true, matched: 1n, changed: 1n, author: 'kim' });
    expect((await rig.lookUp(port, id)).recipients).toMatchObject([
      { state: 'held', reason: 'HELD_BY_OPERATOR', intervention: { author: 'kim', comment: 'because' } },
    ]);
    const sender = rig.connectSender(port, 'one');
    await rig.ask(port, operate, asked('release'));
    await eventually(() => expect(sender.attempts).toMatchObject([{ messageId: id }]));
  });

  it('survives its scheduler, and so does what is known of it', async () => {
    const first = await rig.owner();
    const id = await rig.submit();
    const command = asked('hold', [id]);
    await rig.ask(first.port, operate, command);
    await first.close();
    const second = await rig.owner();
    expect((await rig.lookUp(second.port, id)).recipients).toMatchObject([{ state: 'held' }]);
    expect((await rig.ask(second.port, lookupOperation, { id: command.id })).progress).toMatchObject({ done: true, changed: 1n });
    expect((await rig.ask(second.port, operate, command)).progress).toMatchObject({ changed: 1n });
  });

  it('puts mail into a further lane, which survives a scheduler that does not know that lane', async () => {
    const policy = { lanes: new LaneTable([{ name: 'wedding-day', base: 'high' }]) };
    const first = await rig.owner({ policy });
    const id = await rig.submit();
    const act = { case: 'changeLane' as const, value: { lane: 'wedding-day' } };
    expect((await rig.ask(first.port, operate, { ...asked('hold', [id]), act })).progress).toMatchObject({ changed: 1n });
    const ticket = async (port: number) => JSON.parse((await rig.lookUp(port, id)).ticketJson) as unknown;
    const lanes = async (port: number) =>
      (await rig.ask(port, LookupService.method.lookupStats, {})).lanes.filter(({ readyCount }) => readyCount > 0n);
    const weddingDay = { lane: 'high', furtherLane: 'wedding-day' };
    expect(await ticket(first.port)).toMatchObject(weddingDay);
    await eventually(async () => expect(await lanes(first.port)).toMatchObject([{ lane: Lane.HIGH, laneName: 'wedding-day' }]));
    await first.close();
    const without = await rig.owner();
    await eventually(async () => expect(await lanes(without.port)).toMatchObject([{ laneName: 'high' }]));
    await expect(rig.ask(without.port, operate, { ...asked('hold', [id]), act })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('expected one of immediate, high, normal, low'),
    });
    await without.close();
    const again = await rig.owner({ policy });
    expect(await ticket(again.port)).toMatchObject(weddingDay);
    await eventually(async () => expect(await lanes(again.port)).toMatchObject([{ laneName: 'wedding-day' }]));
  });

  it('asks a sender to leave what it has, and tells when that was too late', async () => {
    const { port } = await rig.owner();
    const sender = rig.connectSender(port, 'one');
    const id = await rig.submit();
    await eventually(() => sender.attempts.length === 1);
    const command = { ...asked('cancel', [id]), patience: { seconds: 0n } };
    expect((await rig.ask(port, operate, command)).progress).toMatchObject({ done: false, pending: 1n });
    await eventually(() => expect(sender.cancelled).toEqual([sender.attempts[0]?.attemptId]));
    sender.report(sender.attempts[0]!, Outcome.DELIVERED, 250);
    await eventually(async () =>
      expect((await rig.ask(port, lookupOperation, { id: command.id })).progress).toMatchObject({
        done: true,
        pending: 0n,
        unchanged: [{ cause: 'TOO_LATE', count: 1n }],
      }),
    );
  });

  it('is refused when nothing by that name is configured, and is not known when nobody gave it', async () => {
    const { port } = await rig.owner();
    const move = { ...asked('hold'), act: { case: 'move' as const, value: { upstream: 'nowhere' } } };
    await expect(rig.ask(port, operate, move)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("'nowhere'"),
    });
    await expect(rig.ask(port, lookupOperation, { id: randomUUID() })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('a suspension', () => {
  const suspension = { id: randomUUID(), match: { tenant: 'default' }, author: 'kim', comment: 'an incident', at: { seconds: 1n } };

  it('stops mail, also what comes later, survives its scheduler, and is lifted by another one', async () => {
    const first = await rig.owner();
    await rig.ask(first.port, createSuspension, { suspension });
    await rig.ask(first.port, createSuspension, { suspension });
    await first.close();
    const second = await rig.owner();
    const sender = rig.connectSender(second.port, 'one');
    const id = await rig.submit();
    expect((await rig.lookUp(second.port, id)).recipients).toMatchObject([{ state: 'queued', reason: 'SUSPENDED_BY_OPERATOR' }]);
    const other = await rig.submit({ tenant: 'globex' });
    await eventually(() => expect(sender.attempts).toMatchObject([{ messageId: other }]));
    expect((await rig.ask(second.port, listSuspensions, {})).suspensions).toMatchObject([suspension]);
    await rig.ask(second.port, liftSuspension, { id: suspension.id, author: 'lee' });
    await eventually(() => expect(sender.attempts).toMatchObject([{ messageId: other }, { messageId: id }]));
    await expect(rig.ask(second.port, liftSuspension, { id: suspension.id })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('that was written without a word to the scheduler is in force as well', async () => {
    const { port } = await rig.owner();
    const publisher = createPublisher(rig.connection, { clock: systemClock, log: silentLog, mode: 'fast' });
    const written = { id: suspension.id, match: {}, by: { author: 'kim', comment: '', at: 1 } };
    await createSetting(publisher, 'suspension', suspension.id, written);
    await publisher.close();
    await eventually(async () => expect((await rig.ask(port, listSuspensions, {})).suspensions).toHaveLength(1));
    await removeSetting(rig.connection, 'suspension', suspension.id);
    await eventually(async () => expect((await rig.ask(port, listSuspensions, {})).suspensions).toEqual([]));
  });
});

describe('a dead letter', () => {
  /** Bounced just now. */
  async function bounced(port: number, sender: ReturnType<typeof rig.connectSender>): Promise<string> {
    const before = sender.attempts.length;
    const id = await rig.submit();
    await eventually(() => sender.attempts.length > before);
    sender.report(sender.attempts.at(-1)!, Outcome.BOUNCED, 550);
    await eventually(async () =>
      expect((await rig.ask(port, listDeadLetters, { size: 10 })).deadLetters.some(({ ticketJson }) => ticketJson.includes(id))).toBe(true),
    );
    return id;
  }

  it('is listed, retried at once and delivered with its body, and then it is none any more', async () => {
    const { port } = await rig.owner();
    const sender = rig.connectSender(port, 'one');
    const id = await bounced(port, sender);
    expect((await rig.ask(port, listDeadLetters, { size: 10 })).deadLetters).toMatchObject([
      { recipients: [{ state: 'failed', reason: 'UPSTREAM_REJECTED', lastReply: { code: 550 } }] },
    ]);
    expect((await rig.ask(port, operate, { ...asked('revive'), dryRun: true })).progress).toMatchObject({ done: true, changed: 1n });
    const cause = { ...asked('revive'), selector: { reason: 'UPSTREAM_REJECTED' } };
    expect((await rig.ask(port, operate, cause)).progress).toMatchObject({ done: true, matched: 1n, changed: 1n });
    await eventually(() => expect(sender.attempts).toMatchObject([{}, { messageId: id, body: { stream: 'WAIT_0' } }]));
    const [, again] = sender.attempts;
    expect(Buffer.from((await readEntry(rig.connection, again!.body!.stream, Number(again!.body!.sequence))).body).toString()).toBe('hello');
    sender.report(again!, Outcome.DELIVERED, 250);
    await eventually(async () => expect((await streamState(rig.connection, 'WAIT_0')).messages).toBe(0));
    await eventually(async () => expect((await streamState(rig.connection, 'DEAD_0')).messages).toBe(0));
  });

  it('that fails again is a dead letter again', async () => {
    const { port } = await rig.owner();
    const sender = rig.connectSender(port, 'one');
    const id = await bounced(port, sender);
    await rig.ask(port, operate, asked('revive', [id]));
    await eventually(() => sender.attempts.length === 2);
    sender.report(sender.attempts[1]!, Outcome.BOUNCED, 550);
    await eventually(async () => expect((await rig.ask(port, listDeadLetters, { size: 10 })).deadLetters).toHaveLength(1));
    await eventually(async () => expect((await streamState(rig.connection, 'DEAD_0')).messages).toBe(1));
  });

  it('is purged by its id, and one that nobody knows is counted', async () => {
    const { port } = await rig.owner();
    const sender = rig.connectSender(port, 'one');
    const [first, second] = [await bounced(port, sender), await bounced(port, sender)];
    const { progress } = await rig.ask(port, operate, asked('purge', [first, 'nobody']));
    expect(progress).toMatchObject({ done: true, changed: 1n, unchanged: [{ cause: 'NOT_FOUND', count: 1n }] });
    const left = await rig.ask(port, listDeadLetters, { size: 10 });
    await eventually(async () => expect((await streamState(rig.connection, 'DEAD_0')).messages).toBe(1));
    expect(left.deadLetters.filter(({ ticketJson }) => ticketJson.includes(second))).toHaveLength(1);
  });
});
