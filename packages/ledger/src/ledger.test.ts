import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalEvent } from '@posthaste/core';
import { anyEvents, exampleId, revivedEvent, usualEvents } from './example.ts';
import { Ledger } from './ledger.ts';
import type { MessageRecord } from './record.ts';

const at = (sequence: number) => ({ createdAt: 1, sequence, skip: 0 });
const id = exampleId(0);

test('any split of the journal into transactions gives the same rows', () => {
  fc.assert(
    fc.property(anyEvents, fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 20 }), (events, sizes) => {
      expect(rowsAfter(split(events, sizes))).toEqual(rowsAfter([events]));
    }),
  );
});

test('a message on the usual road is delivered after one attempt', () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, usualEvents(id, '1.1'), at(1));
  expect(ledger.getMessage(id)).toEqual({
    ticket: expect.objectContaining({ id, from: 'a@example.org', recipients: [{ address: 'r0@example.net' }] }),
    recipients: [
      {
        state: { kind: 'delivered', attempts: 1, reply: { code: 250, enhanced: '2.0.0', text: 'Ok' } },
        changedAt: 1_010,
        attempts: [
          {
            id: '1.1',
            upstream: 'inbox',
            sender: 's1',
            startedAt: 1_002,
            ended: { at: 1_010, outcome: 'delivered', reply: { code: 250, enhanced: '2.0.0', text: 'Ok' }, tookMs: 7 },
          },
        ],
      },
    ],
  });
});

test('mail given back without end keeps its last twenty attempts', () => {
  const ledger = new Ledger(':memory:');
  const rounds = Array.from({ length: 30 }, (_, round): JournalEvent[] => [
    { kind: 'started', at: round, id, attempt: `1.${round}`, recipients: [0], upstream: 'inbox', sender: 's1' },
    { kind: 'returned', at: round, id, attempt: `1.${round}`, recipients: [0], reason: 'UPSTREAM_DOWN' },
  ]);
  ledger.apply(0, [...usualEvents(id, '1.x').slice(0, 1), ...rounds.flat()], at(1));
  const attempts = ledger.getMessage(id)?.recipients[0]?.attempts.map((attempt) => attempt.id);
  expect(attempts).toEqual(Array.from({ length: 20 }, (_, index) => `1.${index + 10}`));
});

test('a gap forgets what is under way and keeps what is final', () => {
  const ledger = new Ledger(':memory:');
  const [finished, underWay] = [exampleId(1), exampleId(2)];
  ledger.apply(0, [...usualEvents(finished, '1.1'), ...usualEvents(underWay, '1.2').slice(0, 2)], at(1));
  expect(ledger.forgetUnfinished(0)).toBe(1);
  expect(ledger.getMessage(finished)).toBeDefined();
  expect(ledger.getMessage(underWay)).toBeUndefined();
  expect(ledger.apply(0, usualEvents(underWay, '1.2').slice(2), at(2))).toHaveLength(1);
});

test('what could not be written is forgotten as a whole', () => {
  const ledger = new Ledger(':memory:');
  const [accepted, started, delivered] = usualEvents(id, '1.1');
  ledger.apply(0, [accepted!], at(1));
  expect(() => ledger.apply(0, [started!], at(Number.NaN))).toThrow('NOT NULL');
  ledger.apply(0, [delivered!], at(2));
  const other = new Ledger(':memory:');
  other.apply(0, [accepted!, delivered!], at(2));
  expect(ledger.getMessage(id)).toEqual(other.getMessage(id));
});

const byHand = { author: 'ann', comment: 'wrong price', recipients: [0], id };

test('what is held says who holds it, and goes on from where it stood', () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, [...usualEvents(id, '1.1').slice(0, 1), { kind: 'held', at: 1_005, ...byHand, reason: 'HELD_BY_OPERATOR' }], at(1));
  const by = { author: 'ann', comment: 'wrong price', at: 1_005 };
  expect(ledger.getMessage(id)?.recipients).toMatchObject([{ state: { kind: 'held', reason: 'HELD_BY_OPERATOR', by }, changedAt: 1_005 }]);
  ledger.apply(0, [{ kind: 'released', at: 1_006, ...byHand }], at(2));
  expect(ledger.getMessage(id)?.recipients).toMatchObject([{ state: { kind: 'queued' }, changedAt: 1_006 }]);
});

test('what is cancelled is final, and says who cancelled it', () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, [...usualEvents(id, '1.1').slice(0, 1), { kind: 'cancelled', at: 1_005, ...byHand, tenant: 'default' }], at(1));
  expect(ledger.getMessage(id)?.recipients).toMatchObject([{ state: { kind: 'cancelled', by: { author: 'ann', at: 1_005 } } }]);
  expect(ledger.forgetUnfinished(0)).toBe(0);
});

test('what is held is under way: a gap forgets it', () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, [...usualEvents(id, '1.1').slice(0, 1), { kind: 'held', at: 1_005, ...byHand, reason: 'HELD_BY_OPERATOR' }], at(1));
  expect(ledger.forgetUnfinished(0)).toBe(1);
});

test('a lane that an operator gave is the lane, in the list too', () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, usualEvents(id, '1.1').slice(0, 1), at(1));
  ledger.apply(0, [{ kind: 'laneChanged', at: 1_005, ...byHand, lane: 'immediate' }], at(2));
  expect(ledger.getMessage(id)?.ticket).toMatchObject({ lane: 'immediate', from: 'a@example.org' });
  const found = [...drain(ledger.list({ filter: { lanes: ['immediate'] }, from: undefined, size: 10 }))];
  expect(found).toMatchObject([{ ticket: { id } }]);
});

test('a revived dead letter is under way again, and keeps what was tried', () => {
  const ledger = new Ledger(':memory:');
  const failed = { kind: 'failed', tenant: 'default', reason: 'UPSTREAM_REJECTED', reply: { code: 550, text: 'no' } } as const;
  ledger.apply(0, [...usualEvents(id, '1.1').slice(0, 2), { ...failed, at: 1_009, id, attempt: '1.1', recipients: [0] }], at(1));
  ledger.apply(0, [revivedEvent(id, [0], 2_000)], at(2));
  expect(ledger.getMessage(id)?.recipients).toMatchObject([{ state: { kind: 'queued', attempts: 0 }, changedAt: 2_000, attempts: [{ id: '1.1' }] }]);
});

test('a revived dead letter is in the lane of its ticket again', () => {
  const ledger = new Ledger(':memory:');
  ledger.apply(0, usualEvents(id, '1.1').slice(0, 1), at(1));
  ledger.apply(0, [{ kind: 'laneChanged', at: 1_005, ...byHand, lane: 'immediate' }], at(2));
  ledger.apply(0, [revivedEvent(id, [0], 2_000)], at(3));
  expect(ledger.getMessage(id)?.ticket.lane).toBe('normal');
  expect([...drain(ledger.list({ filter: { lanes: ['immediate'] }, from: undefined, size: 10 }))]).toEqual([]);
});

test('a revived dead letter whose row is gone is known again by what it tells of itself', () => {
  const ledger = new Ledger(':memory:');
  expect(ledger.apply(0, [revivedEvent(id, [1], 2_000)], at(1))).toEqual([]);
  expect(ledger.getMessage(id)).toMatchObject({
    ticket: { id, from: 'a@example.org' },
    recipients: [{ state: { kind: 'failed' } }, { state: { kind: 'queued', attempts: 0 }, changedAt: 2_000 }, { state: { kind: 'failed' } }],
  });
});

test("an operator's commands and suspensions are no strangers", () => {
  const ledger = new Ledger(':memory:');
  const purged = { kind: 'purged', at: 1, id, tenant: 'default', failedCount: 1, author: 'ann', comment: '' } as const;
  expect(ledger.apply(0, [{ kind: 'lifted', at: 1, id }, purged], at(1))).toEqual([]);
});

test('an outcome of an unknown message is counted and changes nothing', () => {
  const ledger = new Ledger(':memory:');
  expect(ledger.apply(0, usualEvents(id, '1.1').slice(1), at(1))).toHaveLength(2);
  expect(ledger.getMessage(id)).toBeUndefined();
});

test('rows and position are there again after the file is opened anew', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-ledger-'));
  const first = new Ledger(join(folder, 'ledger.sqlite'));
  first.apply(0, usualEvents(id, '1.1'), { createdAt: 5, sequence: 7, skip: 3 });
  const second = new Ledger(join(folder, 'ledger.sqlite'));
  expect(second.position(0)).toEqual({ createdAt: 5, sequence: 7, skip: 3 });
  expect(second.getMessage(id)).toEqual(first.getMessage(id));
  for (const ledger of [first, second]) ledger.close();
  rmSync(folder, { recursive: true });
});

function drain(search: ReturnType<Ledger['list']>): MessageRecord[] {
  for (;;) {
    const step = search.next();
    if (step.done) return [...step.value.messages];
  }
}

function split(events: readonly JournalEvent[], sizes: readonly number[]): JournalEvent[][] {
  const batches: JournalEvent[][] = [];
  let start = 0;
  for (const size of sizes) batches.push(events.slice(start, (start += size)));
  return [...batches, events.slice(start)];
}

function rowsAfter(batches: readonly (readonly JournalEvent[])[]): unknown {
  const ledger = new Ledger(':memory:');
  for (const [index, events] of batches.entries()) ledger.apply(0, events, at(index));
  const rows = [0, 1, 2, 3].map((number) => ledger.getMessage(exampleId(number)));
  ledger.close();
  return rows;
}
