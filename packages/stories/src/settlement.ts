import { eventually } from '@posthaste/testkit';
import { expect } from 'vitest';
import { readJournal, type History } from './journal.ts';
import type { Load } from './load.ts';
import type { System } from './system.ts';

export interface Settlement {
  readonly history: History;
  /** Copies beyond the first that a recipient got of a message. */
  readonly duplicates: number;
  /** Delivered mails of which no client ever heard an id. */
  readonly unclaimed: number;
}

export interface SettleOptions {
  readonly timeoutMs?: number;
  /** The scheduler that owns all partitions in the end. Default: `scheduler`. */
  readonly owner?: string;
}

/**
 * Waits until everything that was accepted has been delivered and the scheduler's books are closed. Then compares, one by one: nothing is lost, every
 * byte is as it was handed in, and there is no copy too many but those that the journal has in doubt.
 */
export async function settle(system: System, loads: readonly Load[], options: SettleOptions = {}): Promise<Settlement> {
  const { timeoutMs = 60_000, owner = 'scheduler' } = options;
  await Promise.all(loads.map((load) => load.done));
  await allDelivered(system, loads, timeoutMs);
  const history = await allFinal(system, loads, timeoutMs);
  await booksClosed(system, owner, timeoutMs);
  compareContents(system, loads);
  const unclaimed = compareClaims(system, loads);
  return { history, duplicates: compareCopies(system, history), unclaimed };
}

async function allDelivered({ receipts }: System, loads: readonly Load[], timeoutMs: number): Promise<void> {
  const ids = loads.flatMap((load) => [...load.accepted.keys()]);
  const missing = () => ids.filter((id) => !receipts.byId.has(id));
  await eventually(
    () => expect(missing().slice(0, 3), `${missing().length} of ${ids.length} accepted mails have not come upstream, as`).toEqual([]),
    {
      timeoutMs,
      intervalMs: 50,
      describe: 'every accepted mail has come upstream',
    },
  );
}

/** What came upstream is recorded a moment later. */
function allFinal({ natsUrl, partitions }: System, loads: readonly Load[], timeoutMs: number): Promise<History> {
  const ids = loads.flatMap((load) => [...load.accepted.keys()]);
  return eventually(
    async () => {
      const history = await readJournal(natsUrl, partitions);
      expect(
        ids.filter((id) => history.count('accepted', id) === 0),
        'mail that the journal does not have yet',
      ).toEqual([]);
      expect(history.open, 'recipients that are not final').toBe(0);
      return history;
    },
    { timeoutMs, intervalMs: 250, describe: 'the journal has an end for every mail' },
  );
}

/** By a count of the index that began after all was final: nothing live, nothing unread, accepted = final. */
async function booksClosed(system: System, owner: string, timeoutMs: number): Promise<void> {
  const scheduler = system.program(owner);
  const before = (await scheduler.metrics()).sum('posthaste_census_timestamp_seconds') ?? 0;
  await eventually(
    async () => {
      const metrics = await scheduler.metrics();
      expect(metrics.sum('posthaste_census_timestamp_seconds')).toBeGreaterThan(before);
      const books = [
        ['owner', 'scheduler_owner'],
        ['live', 'depth'],
        ['unread', 'unread'],
        ['difference', 'conservation_difference'],
      ] as const;
      const stand = books.map(([word, name]) => `${word} ${metrics.sum(`posthaste_${name}`)}`).join(', ');
      expect(stand).toBe(`owner ${system.partitions}, live 0, unread 0, difference 0`);
    },
    { timeoutMs, intervalMs: 100, describe: "the scheduler's books are closed" },
  );
}

function compareContents({ receipts }: System, loads: readonly Load[]): void {
  const mails = new Map(loads.flatMap((load) => [...load.accepted.values()].map((mail) => [mail.story, mail])));
  const wrong = receipts.all.filter(({ story, digest }) => mails.get(story)?.digest !== digest);
  expect(wrong, 'every mail comes as it was handed in').toEqual([]);
  const swapped = loads.flatMap((load) =>
    [...load.accepted].filter(([id, { story }]) => receipts.byId.get(id)?.some((receipt) => receipt.story !== story)),
  );
  expect(swapped, 'the id that the client heard is that of its mail').toEqual([]);
}

/** A mail whose id nobody heard can only be one whose handing in was broken off. */
function compareClaims({ receipts }: System, loads: readonly Load[]): number {
  const claimed = (id: string) => loads.some((load) => load.accepted.has(id));
  const unclaimed = [...receipts.byId].filter(([id]) => !claimed(id)).map(([, [receipt]]) => receipt?.story ?? '');
  for (const [story, ids] of Map.groupBy(unclaimed, (story) => story)) {
    const brokenOff = loads.reduce((sum, load) => sum + (load.ambiguous.get(story) ?? 0), 0);
    expect(ids.length, `copies of ${story} under ids that nobody heard`).toBeLessThanOrEqual(brokenOff);
  }
  return unclaimed.length;
}

/**
 * Recipient by recipient: at least once, and once more only for each time that the journal says: it may have been delivered. Answers how many copies
 * there are beyond the first ones.
 */
function compareCopies({ receipts }: System, history: History): number {
  let beyond = 0;
  for (const { id, ticket } of history.of('accepted')) {
    expect(history.count('accepted', id), `${id} is journalled as accepted`).toBe(1);
    for (const [recipient, { address }] of ticket.recipients.entries()) {
      const delivered = history.count('delivered', id, recipient);
      const doubted = history.count('doubted', id, recipient);
      const copies = receipts.byId.get(id)?.filter(({ to }) => to.includes(address)).length ?? 0;
      expect(delivered, `${id} to ${address} is journalled as delivered`).toBeLessThanOrEqual(1);
      expect(copies, `copies of ${id} to ${address}, delivered according to the journal`).toBeGreaterThanOrEqual(delivered);
      expect(copies, `copies of ${id} to ${address}; delivered ${delivered} times and in doubt ${doubted} times`).toBeLessThanOrEqual(
        delivered + doubted,
      );
      beyond += Math.max(0, copies - 1);
    }
  }
  return beyond;
}
