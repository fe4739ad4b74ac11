import { Engine, Router, type JournalEvent, type Ticket } from '@posthaste/core';
import type { Journal } from '@posthaste/stream';
import { ManualClock } from '@posthaste/testkit';
import { afterEach, expect, it } from 'vitest';
import { Driver } from './driver.ts';
import { JournalWriter } from './journal-writer.ts';

const hour = 3_600_000;
const stop = new AbortController();

afterEach(() => stop.abort());

/** A driver whose sender is gone, so that nothing but the time itself makes it look at the clock. */
function rig() {
  const clock = new ManualClock();
  const events: JournalEvent[] = [];
  const journal: Journal = { lastSequence: 0, fenced: false, append: () => Promise.resolve(1) };
  const writer = new JournalWriter({
    clock,
    journal,
    epoch: 1,
    owner: 'me',
    onRecorded: (records) => events.push(...records.map(({ event }) => event)),
    perform: () => {},
    onFailed: () => {},
  });
  const driver = new Driver(new Engine({ epoch: 1, router: new Router(['main'], []) }), writer, clock, stop.signal);
  return { clock, driver, events };
}

function ticketAt(clock: ManualClock, times: Partial<Ticket>): Ticket {
  const [from, recipients] = ['a@example.org', [{ address: 'b@example.net' }]];
  return {
    id: '01890000-0000-7000-8000-000000000000',
    tenant: 'acme',
    lane: 'normal',
    from,
    recipients,
    acceptedAt: clock.now(),
    size: 10,
    ...times,
  };
}

it('finds within a second that the wall clock was set past a time that mail waits for', async () => {
  const { clock, driver, events } = rig();
  const ticket = ticketAt(clock, { due: clock.now() + 10 * hour, deadline: clock.now() + 20 * hour });
  driver.tell({ kind: 'arrived', ticket, place: { kind: 'wait', sequence: 1 } });
  await clock.advance(5_000);
  const waiting = () => driver.engine.census(clock.now()).lanes.find(({ lane }) => lane.name === 'normal')?.oldestReadyAt;
  expect(waiting()).toBeNull();
  clock.setWallClock(clock.now() + 10 * hour);
  await clock.advance(1_100);
  expect(waiting()).toBe(ticket.due);
  clock.setWallClock(clock.now() + 10 * hour);
  await clock.advance(1_100);
  // The journal's pace.
  await clock.advance(10);
  expect(events.map(({ kind }) => kind)).toEqual(['accepted', 'expired']);
});
