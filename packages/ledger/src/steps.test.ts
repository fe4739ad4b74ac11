import { expect, test } from 'vitest';
import type { JournalEvent } from '@posthaste/core';
import type { StreamEntry } from '@posthaste/stream';
import { exampleId, usualEvents } from './example.ts';
import { steps } from './steps.ts';

const start = { createdAt: 1, sequence: 0, skip: 0 };

test('short entries share a transaction', () => {
  const [step, ...more] = [...steps(0, start, [entry(1, 3), entry(2, 6), entry(3, 3)])];
  expect(more).toEqual([]);
  expect(step).toMatchObject({ kind: 'events', position: { sequence: 3, skip: 0 } });
  expect(step?.kind === 'events' && step.events.length).toBe(12);
});

test('a long entry stretches over several transactions and can be resumed inside', () => {
  const long = entry(1, 1_200);
  const all = [...steps(0, start, [long])];
  expect(all.map((step) => step.position)).toEqual([
    { createdAt: 1, sequence: 0, skip: 500 },
    { createdAt: 1, sequence: 0, skip: 1_000 },
    { createdAt: 1, sequence: 1, skip: 0 },
  ]);
  const [resumed] = [...steps(0, { createdAt: 1, sequence: 0, skip: 1_000 }, [long])];
  expect(resumed).toEqual(all[2]);
});

test('a hole in the sequence is told before what follows it', () => {
  const kinds = [...steps(0, start, [entry(1, 3), entry(4, 3)])].map((step) => [step.kind, step.position.sequence]);
  expect(kinds).toEqual([
    ['events', 1],
    ['gap', 3],
    ['events', 4],
  ]);
});

test('checkpoints move the position and hold no events', () => {
  const checkpoint = { ...entry(1, 0), subject: 'journal.0.checkpoint', body: new Uint8Array([0x28, 0xb5]) };
  expect([...steps(0, start, [checkpoint])]).toMatchObject([{ kind: 'events', events: [], position: { sequence: 1 } }]);
});

function entry(sequence: number, count: number): StreamEntry {
  const events: JournalEvent[] = Array.from({ length: Math.ceil(count / 3) }, (_, index) =>
    usualEvents(exampleId(index), `${sequence}.${index}`),
  ).flat();
  const body = Buffer.from(JSON.stringify({ epoch: 1, owner: 'test', events: events.slice(0, count) }));
  return { sequence, subject: 'journal.0.events', time: 0, header: () => undefined, body };
}
