import type { Effect, JournalRecord, Step } from '@posthaste/core';
import type { Journal } from '@posthaste/stream';
import { systemClock } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { describe, expect, it } from 'vitest';
import { JournalWriter } from './journal-writer.ts';

/** A journal whose appends are acknowledged, or refused, when the test says so. */
class HeldJournal implements Journal {
  lastSequence = 0;
  fenced = false;
  readonly bodies: string[] = [];
  #pending: PromiseWithResolvers<number>[] = [];

  append(_kind: 'events' | 'checkpoint', body: Uint8Array): Promise<number> {
    this.bodies.push(Buffer.from(body).toString());
    const pending = Promise.withResolvers<number>();
    this.#pending.push(pending);
    return pending.promise;
  }

  /** Waits for an append to be in flight, and acknowledges it. */
  async acknowledge(): Promise<void> {
    await eventually(() => this.inFlight === 1);
    this.#pending.shift()?.resolve((this.lastSequence += 1));
  }

  async refuse(): Promise<void> {
    await eventually(() => this.inFlight === 1);
    this.#pending.shift()?.reject(new Error('fenced'));
  }

  get inFlight(): number {
    return this.#pending.length;
  }
}

const step = (id: string, text = ''): Step => ({
  records: [{ event: { kind: 'accepted', id, text }, mail: { id } } as unknown as JournalRecord],
  effects: [{ kind: 'removeBody', id }],
});

function rig() {
  const journal = new HeldJournal();
  const done: string[] = [];
  const writer = new JournalWriter({
    clock: systemClock,
    journal,
    epoch: 7,
    owner: 'me',
    onRecorded: (records) => done.push(`${records.length} recorded`),
    perform: (effect: Effect) => done.push('id' in effect ? effect.id : effect.kind),
    onFailed: () => done.push('failed'),
  });
  return { journal, writer, done };
}

describe('JournalWriter', () => {
  it('carries out effects only after the acknowledgement of their records', async () => {
    const { journal, writer, done } = rig();
    writer.write(step('a'));
    await eventually(() => journal.inFlight === 1);
    expect(done).toEqual([]);
    await journal.acknowledge();
    await eventually(() => expect(done).toEqual(['1 recorded', 'a']));
    expect(JSON.parse(journal.bodies[0] ?? '')).toMatchObject({ epoch: 7, owner: 'me', events: [{ kind: 'accepted', id: 'a' }] });
  });

  it('has one append in flight and gathers the next meanwhile', async () => {
    const { journal, writer, done } = rig();
    writer.write(step('a'));
    await eventually(() => journal.inFlight === 1);
    writer.write(step('b'));
    writer.write(step('c'));
    await journal.acknowledge();
    await journal.acknowledge();
    await eventually(() => expect(done).toEqual(['1 recorded', 'a', '2 recorded', 'b', 'c']));
    expect(journal.bodies).toHaveLength(2);
  });

  it('tells a mark the sequence that contains all before it and nothing after it', async () => {
    const { journal, writer } = rig();
    writer.write(step('a'));
    await eventually(() => journal.inFlight === 1);
    writer.write(step('b'));
    const mark = writer.mark();
    writer.write(step('c'));
    for (let appends = 1; appends <= 3; appends += 1) await journal.acknowledge();
    expect(await mark).toBe(2);
    expect(journal.bodies.map((body) => (JSON.parse(body) as { events: { id: string }[] }).events.map(({ id }) => id))).toEqual([
      ['a'],
      ['b'],
      ['c'],
    ]);
  });

  it('divides what is too large for one append', async () => {
    const { journal, writer, done } = rig();
    writer.write({ records: ['a', 'b', 'c'].flatMap((id) => step(id, 'x'.repeat(300_000)).records), effects: step('last').effects });
    for (let appends = 1; appends <= 3; appends += 1) {
      await eventually(() => journal.bodies.length === appends);
      expect(done).toEqual([]);
      await journal.acknowledge();
    }
    await eventually(() => expect(done).toEqual(['3 recorded', 'last']));
  });

  it('records by itself that the wall clock was set, before any effect of the step', async () => {
    const { journal, writer, done } = rig();
    const clock = { skewMs: 60_000, periods: [], at: 1 };
    writer.write({ records: [], effects: step('a').effects, clock });
    await eventually(() => journal.inFlight === 1);
    expect(done).toEqual([]);
    await journal.acknowledge();
    await eventually(() => expect(done).toEqual(['0 recorded', 'a']));
    expect(JSON.parse(journal.bodies[0] ?? '')).toEqual({ epoch: 7, owner: 'me', events: [], clock });
  });

  it('carries out nothing more after the journal has refused', async () => {
    const { journal, writer, done } = rig();
    writer.write(step('a'));
    writer.write(step('b'));
    await journal.refuse();
    await eventually(() => expect(done).toEqual(['failed']));
    writer.write(step('c'));
    expect(journal.bodies).toHaveLength(1);
  });
});
