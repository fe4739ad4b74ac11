import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { JournalEvent } from '@posthaste/core';
import { exampleId, usualEvents } from './example.ts';
import { Ledger } from './ledger.ts';
import { runWords } from './word-index.ts';

/** Delivered, or with the first so many of its events. */
function eventsAt(number: number, at: number, count = 3): JournalEvent[] {
  return usualEvents(exampleId(number), `1.${number}`)
    .slice(0, count)
    .map((event) => (event.kind === 'accepted' ? { ...event, at, ticket: { ...event.ticket, acceptedAt: at } } : { ...event, at }));
}

function ledgerOf(events: readonly JournalEvent[], path = ':memory:'): Ledger {
  const ledger = new Ledger(path);
  ledger.apply(0, events, { createdAt: 1, sequence: 1, skip: 0 });
  return ledger;
}

function forget(ledger: Ledger, before: number): void {
  while (ledger.deleteSome(before));
}

function found(ledger: Ledger, recipient: string): number {
  const search = ledger.list({ filter: { recipient }, size: 1_000 });
  for (let step = search.next(); ; step = search.next()) if (step.done) return step.value.messages.length;
}

test('finished mail goes when it is old enough, and not a moment before', () => {
  const ledger = ledgerOf([...eventsAt(1, 1_000), ...eventsAt(2, 2_000)]);
  forget(ledger, 2_000);
  expect([ledger.getMessage(exampleId(1)), ledger.getMessage(exampleId(2))?.ticket.id]).toEqual([undefined, exampleId(2)]);
});

test('unfinished mail never goes, nor mail that was finished only lately', () => {
  const late = eventsAt(2, 1_000).map((event) => (event.kind === 'delivered' ? { ...event, at: 9_000 } : event));
  const ledger = ledgerOf([...eventsAt(1, 1_000, 2), ...late]);
  forget(ledger, 5_000);
  expect(ledger.count()).toBe(2);
});

test('the words of what is gone go too, and those of what stays are still found', () => {
  const count = runWords / 2;
  const stays = [0, 1, 2];
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-retention-'));
  const path = join(folder, 'ledger.sqlite');
  const ledger = ledgerOf(Array.from({ length: count }, (_, number) => eventsAt(number, 1_000, stays.includes(number) ? 2 : 3)).flat(), path);
  expect(found(ledger, 'r0@example.net')).toBe(1_000);
  forget(ledger, 5_000);
  expect([ledger.count(), found(ledger, 'r0@example.net')]).toEqual([stays.length, stays.length]);
  ledger.close();
  expect(wordCount(path)).toBeLessThan(runWords);
  rmSync(folder, { recursive: true });
});

function wordCount(path: string): number {
  const database = new DatabaseSync(path);
  const row = database.prepare('SELECT (SELECT count(*) FROM word) + (SELECT count(*) FROM fresh, json_each(words)) AS count').get();
  database.close();
  return Number(row?.['count']);
}

test('a step is small', () => {
  const ledger = ledgerOf(Array.from({ length: 1_000 }, (_, number) => eventsAt(number, 1_000)).flat());
  expect(ledger.deleteSome(5_000)).toBe(true);
  expect(ledger.count()).toBe(800);
});
