import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { OperateService, Outcome } from '@posthaste/protocol/dispatch';
import { eventually } from '@posthaste/testkit';
import { describe, expect, it } from 'vitest';
import { schedulerRig } from '../rig.ts';

const rig = schedulerRig();

const asked = (act: 'hold' | 'release' | 'cancel' | 'retry', ids: readonly string[] = []) => ({
  id: randomUUID(),
  author: 'kim',
  comment: 'because',
  selector: { ids: [...ids] },
  patience: { seconds: 5n },
  act: { case: act, value: {} } as { case: 'hold'; value: object },
});
const { operate, lookupOperation } = OperateService.method;

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
