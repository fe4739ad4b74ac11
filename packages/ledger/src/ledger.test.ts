import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalEvent } from '@posthaste/core';
import { anyEvents, exampleId, usualEvents } from './example.ts';
import { Ledger } from './ledger.ts';

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
