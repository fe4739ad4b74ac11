import { expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { newMail } from './mail.ts';
import { recipientsOf, ticketOf } from './simulation/stage.ts';
import { TenantTurn } from './tenant-turn.ts';

let arrived = 0;

function push(turn: TenantTurn, tenant: string, recipients = 1): void {
  const ticket = ticketOf({ tenant, recipients: recipientsOf(recipients) });
  turn.push(newMail(ticket, { kind: 'wait', sequence: 1 }, new LaneTable().of(ticket), (arrived += 1)), Infinity);
}

/** Tenants in the order in which they are served. */
function serve(turn: TenantTurn, count: number): string[] {
  return Array.from({ length: count }, () => {
    const mail = turn.pop();
    if (mail) turn.charge(mail.ticket.recipients.length);
    return mail?.ticket.tenant ?? 'nobody';
  });
}

test('a weight of two is served twice as often', () => {
  const turn = new TenantTurn(new Map([['large', 2]]));
  for (let count = 0; count < 10; count += 1) for (const tenant of ['small', 'large']) push(turn, tenant);
  expect(serve(turn, 9).filter((tenant) => tenant === 'large')).toHaveLength(6);
});

test('a mail for ten recipients weighs as much as ten mails', () => {
  const turn = new TenantTurn(new Map());
  push(turn, 'guests', 10);
  push(turn, 'guests', 10);
  for (let count = 0; count < 12; count += 1) push(turn, 'shop');
  expect(serve(turn, 13)).toEqual(['guests', ...Array.from({ length: 10 }, () => 'shop'), 'guests', 'shop'].slice(0, 13));
});

test('coming back with one mail at a time gives no more than staying', () => {
  const turn = new TenantTurn(new Map());
  for (let count = 0; count < 20; count += 1) for (const tenant of ['one', 'two']) push(turn, tenant);
  const served: string[] = [];
  for (let round = 0; round < 30; round += 1) {
    if (served.at(-1) === 'guest' || round === 0) push(turn, 'guest');
    served.push(...serve(turn, 1));
  }
  expect(served.filter((tenant) => tenant === 'guest')).toHaveLength(10);
});

test('what was served while nobody waited is held against nobody', () => {
  const turn = new TenantTurn(new Map());
  for (let count = 0; count < 100; count += 1) {
    push(turn, 'busy');
    serve(turn, 1);
  }
  for (const tenant of ['busy', 'new', 'busy', 'new']) push(turn, tenant);
  expect(serve(turn, 4)).toEqual(['busy', 'new', 'busy', 'new']);
});

test('a mail that turns out to be unfit costs its tenant no turn', () => {
  const turn = new TenantTurn(new Map());
  for (const tenant of ['expiring', 'expiring', 'other', 'other']) push(turn, tenant);
  turn.pop();
  expect(serve(turn, 4)).toEqual(['expiring', 'other', 'other', 'nobody']);
  expect(turn.size).toBe(0);
});
