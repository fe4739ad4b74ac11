import { Lane } from '@posthaste/protocol';
import { expect, test } from 'vitest';
import type { PosthasteClient } from '../client.ts';
import type { Mail } from '../mail.ts';
import { collect } from './collect.ts';

const hourMs = 3_600_000;
/** The ledger is behind by moments. */
const patience = { timeout: 10_000 };
const unknownId = '01890000-0000-7000-8000-000000000000';

/** What the operator's calls owe to this client. Everything has a tenant of its own: nothing here may touch the mail of other tests. */
export function operatorsHand(client: () => PosthasteClient): void {
  const mail = (tenant: string, parts: Partial<Mail> = {}): Mail => ({
    from: 'shop@example.org',
    to: 'ann@example.net',
    subject: 'Later',
    text: 'It waits.',
    tenant,
    ...parts,
  });
  const later = (tenant: string) => mail(tenant, { sendAt: new Date(Date.now() + hourMs) });
  const stateOf = async (id: string) => (await client().status(id)).recipients[0]?.state;

  test('holds what waits, releases it, and tells what was so already', async () => {
    const { id } = await client().submit(later('hand-hold'));
    const held = await client().operator.hold({ tenant: 'hand-hold' }, { comment: 'wrong price', author: 'ann' });
    expect(held).toMatchObject({ kind: 'hold', done: true, matchedCount: 1, changedCount: 1, unchanged: [] });
    await expect.poll(() => stateOf(id), patience).toBe('held');
    expect((await client().status(id)).recipients[0]).toMatchObject({
      reason: 'HELD_BY_OPERATOR',
      intervention: { author: 'ann', comment: 'wrong price' },
    });
    expect(await client().operator.hold({ ids: [id] })).toMatchObject({ changedCount: 0, unchanged: [{ cause: 'already_so', count: 1 }] });
    expect(await client().operator.retry({ ids: [id] })).toMatchObject({ changedCount: 0, unchanged: [{ cause: 'held', count: 1 }] });
    expect(await client().operator.release({ ids: [id] })).toMatchObject({ changedCount: 1 });
    await expect.poll(() => stateOf(id), patience).toBe('queued');
  });

  test('puts mail off, but not to where it is, nor until after its deadline, nor for years', async () => {
    const sendAt = new Date(Date.now() + hourMs);
    const { id } = await client().submit(mail('hand-later', { sendAt, ttl: '2h' }));
    const putOff = (ms: number) => client().operator.reschedule({ ids: [id] }, new Date(sendAt.getTime() + ms));
    expect(await putOff(0)).toMatchObject({ changedCount: 0, unchanged: [{ cause: 'already_so', count: 1 }] });
    expect(await putOff(3 * hourMs)).toMatchObject({ changedCount: 0, unchanged: [{ cause: 'not_applicable', count: 1 }] });
    expect(await putOff(hourMs)).toMatchObject({ changedCount: 1, unchanged: [] });
    await expect(putOff(400 * 24 * hourMs)).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field: 'send_at' }] });
  });

  test('counts a mail that is over once, and does not match it', async () => {
    const { operator } = client();
    const { id } = await client().sendAndWait(mail('hand-over', { to: ['ann@example.net', 'bob@example.net'] }));
    expect(await operator.cancel({ ids: [id] })).toMatchObject({ matchedCount: 0, unchanged: [{ cause: 'final', count: 1 }] });
    expect(await operator.cancel({ tenant: 'hand-over' })).toMatchObject({ matchedCount: 0, unchanged: [] });
    expect(await operator.retryDeadLetters({ ids: [id] })).toMatchObject({ matchedCount: 0, unchanged: [{ cause: 'not_applicable', count: 1 }] });
  });

  test('makes waiting mail ready, which is delivered then and is final', async () => {
    const { id } = await client().submit(later('hand-retry'));
    expect(await client().operator.retry({ ids: [id] }, { dryRun: true })).toMatchObject({ dryRun: true, changedCount: 1 });
    expect(await stateOf(id)).toBe('queued');
    expect(await client().operator.retry({ ids: [id] })).toMatchObject({ dryRun: false, changedCount: 1 });
    await expect.poll(() => stateOf(id), patience).toBe('delivered');
    expect(await client().operator.hold({ ids: [id] })).toMatchObject({ changedCount: 0, unchanged: [{ cause: 'final', count: 1 }] });
  });

  test('changes the lane, withdraws, and does nothing twice under one id', async () => {
    const { id } = await client().submit(later('hand-cancel'));
    expect(await client().operator.changeLane({ ids: [id] }, 'high')).toMatchObject({ changedCount: 1 });
    await expect.poll(async () => (await client().status(id)).lane, patience).toBe('high');
    const operationId = crypto.randomUUID();
    const first = await client().operator.cancel({ ids: [id] }, { operationId });
    expect(first).toMatchObject({ id: operationId, changedCount: 1 });
    expect(await client().operator.cancel({ ids: [id] }, { operationId })).toMatchObject({ id: operationId, changedCount: 1 });
    expect(await client().operator.operation(operationId)).toMatchObject({ kind: 'cancel', changedCount: 1 });
    await expect.poll(() => stateOf(id), patience).toBe('cancelled');
  });

  test('takes a further lane by its name, and a number for the lane itself and not for those on it', async () => {
    const { operator } = client();
    const { id } = await client().submit(later('hand-lane'));
    expect(await operator.changeLane({ ids: [id] }, 'wedding-day')).toMatchObject({ changedCount: 1 });
    await expect.poll(async () => (await client().status(id)).lane, patience).toBe('wedding-day');
    expect((await client().status(id)).proto.lane).toBe(Lane.HIGH);
    expect(await operator.changeLane({ ids: [id] }, 'wedding-day')).toMatchObject({
      changedCount: 0,
      unchanged: [{ cause: 'already_so', count: 1 }],
    });
    expect(await operator.hold({ tenant: 'hand-lane', lane: 'high' })).toMatchObject({ matchedCount: 0 });
    expect(await operator.hold({ tenant: 'hand-lane', lane: 'wedding-day' })).toMatchObject({ matchedCount: 1, changedCount: 1 });
    const suspension = await operator.suspend({ tenant: 'hand-lane', lane: 'wedding-day' });
    expect(suspension).toMatchObject({ match: { lane: 'wedding-day' }, proto: { match: { lane: Lane.HIGH, laneName: 'wedding-day' } } });
    await operator.lift(suspension.id);
    expect(await operator.changeLane({ ids: [id] }, 'high')).toMatchObject({ changedCount: 1 });
    await expect.poll(async () => (await client().status(id)).lane, patience).toBe('high');
  });

  test('lists dead letters, tries them again, and throws them away', async () => {
    const { id } = await client().submit(mail('hand-dead', { to: 'never@example.net' }));
    const dead = () => collect(client().operator.deadLetters({ tenant: 'hand-dead' }), ({ message }) => message.id);
    await expect.poll(dead, patience).toEqual([id]);
    const alive = await client().submit(later('hand-alive'));
    expect(await client().operator.retryDeadLetters({ ids: [alive.id] })).toMatchObject({ unchanged: [{ cause: 'not_applicable', count: 1 }] });
    expect(await client().operator.retryDeadLetters({ tenant: 'hand-dead' })).toMatchObject({ changedCount: 1 });
    await expect.poll(async () => (await client().status(id)).recipients[0]?.attempts.length, patience).toBe(2);
    await expect.poll(dead, patience).toEqual([id]);
    expect(await client().operator.purgeDeadLetters({ tenant: 'hand-dead' })).toMatchObject({ changedCount: 1 });
    await expect.poll(dead, patience).toEqual([]);
    const gone = { changedCount: 0, unchanged: [{ cause: 'body_gone', count: 1 }] };
    expect(await client().operator.purgeDeadLetters({ ids: [id] })).toMatchObject(gone);
    expect(await client().operator.retryDeadLetters({ ids: [id.toUpperCase()] })).toMatchObject(gone);
  });

  test('suspends what matches, also what comes later, until it is lifted', async () => {
    const suspension = await client().operator.suspend({ tenant: 'hand-stop' }, { comment: 'complaints', author: 'ann' });
    const { id } = await client().submit(mail('hand-stop'));
    const firstGate = async () => (await client().explain(id)).recipients[0]?.gates[0]?.reason;
    await expect.poll(firstGate, patience).toBe('SUSPENDED_BY_OPERATOR');
    expect((await client().operator.suspensions()).map((each) => each.id)).toContain(suspension.id);
    expect(await stateOf(id)).toBe('queued');
    await client().operator.lift(suspension.id);
    await expect.poll(() => stateOf(id), patience).toBe('delivered');
    await expect(client().operator.lift(suspension.id)).rejects.toMatchObject({ code: 'SUSPENSION_NOT_FOUND' });
  });

  test('refuses what names nothing, and what nobody knows', async () => {
    await expect(client().operator.hold({})).rejects.toMatchObject({ code: 'INVALID_FIELD' });
    await expect(client().operator.hold({ ids: [unknownId] })).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
    await expect(client().operator.operation(unknownId)).rejects.toMatchObject({ code: 'OPERATION_NOT_FOUND' });
  });

  test('refuses what cannot be named so', async () => {
    const { operator } = client();
    const refuses = (field: string, call: Promise<unknown>) => expect(call).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field }] });
    await refuses('selector.state', operator.hold({ state: 'delivered' }));
    await refuses('selector.state', operator.purgeDeadLetters({ tenant: 'hand-none', state: 'failed' }));
    await refuses('selector.upstream', operator.retryDeadLetters({ tenant: 'hand-none', upstream: 'main' }));
    await refuses('selector.ids', operator.hold({}));
    await refuses('match.all', operator.suspend({}));
    // It would match nobody, and nothing would tell.
    await refuses('match.domain', operator.suspend({ domain: '@example.com' }));
    await refuses('selector.domain', operator.hold({ domain: 'ann@example.com' }));
    await refuses('id', operator.operation('17'));
    await refuses('id', operator.lift('17'));
  });

  test('refuses a lane that there is not, and says which there are', async () => {
    const { operator } = client();
    const refuses = (field: string, call: Promise<unknown>) =>
      expect(call).rejects.toMatchObject({ code: 'INVALID_FIELD', fields: [{ field, description: expect.stringContaining('high, wedding-day') }] });
    await refuses('lane_name', operator.changeLane({ tenant: 'hand-none' }, 'weding-day'));
    await refuses('selector.lane_name', operator.hold({ lane: 'weding-day' }));
    await refuses('match.lane_name', operator.suspend({ lane: 'weding-day' }));
    await refuses(
      'lane_name',
      collect(operator.deadLetters({ lane: 'weding-day' }), ({ message }) => message.id),
    );
  });
}
