import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lanes, messageStateOf, type JournalEvent, type Lane } from '@posthaste/core';
import { exampleId } from './example.ts';
import { Ledger } from './ledger.ts';
import { entriesAtOnce, narrowing, prepareEntries, prepareList, type ListRequest, type MessagePage } from './message-list.ts';
import type { MessageFilter } from './query.ts';
import type { MessageRecord } from './record.ts';
import { openDatabase } from './schema.ts';
import { prepareWords, runWords } from './word-index.ts';

interface Mail {
  readonly lane: Lane;
  readonly tenant: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly acceptedAt: number;
  readonly end: 'accepted' | 'started' | 'delivered' | 'failed' | 'held' | 'cancelled';
  readonly upstream: string;
}

const mail: Mail = {
  lane: 'normal',
  tenant: 'default',
  from: 'a@example.org',
  to: ['b@example.net'],
  acceptedAt: 1_000,
  end: 'delivered',
  upstream: 'main',
};

function eventsOf(number: number, { lane, tenant, from, to, acceptedAt, end, upstream }: Mail): JournalEvent[] {
  const id = exampleId(number);
  const recipients = to.map((address) => ({ address }));
  const ticket = { id, tenant, lane, from, recipients, acceptedAt, size: 1, messageId: `<${number}@shop>` };
  const about = { id, attempt: `1.${number}`, recipients: [0], at: acceptedAt + 1 };
  const reply = { code: 250, text: `Ok: queued as UP${number}` };
  const events: JournalEvent[] = [{ kind: 'accepted', at: acceptedAt, id, ticket, place: { kind: 'log', lane, sequence: 1 } }];
  if (end !== 'accepted') events.push({ kind: 'started', ...about, upstream, sender: 's1' });
  if (end === 'delivered') events.push({ kind: 'delivered', ...about, tenant, reply });
  if (end === 'failed') events.push({ kind: 'failed', ...about, tenant, reason: 'UPSTREAM_REJECTED', reply: { code: 550, text: 'no' } });
  const byHand = { author: 'ann', comment: 'wrong price' };
  if (end === 'held')
    events.push({ kind: 'returned', ...about, reason: 'UPSTREAM_DOWN' }, { kind: 'held', ...about, ...byHand, reason: 'HELD_BY_OPERATOR' });
  if (end === 'cancelled') events.push({ kind: 'returned', ...about, reason: 'UPSTREAM_DOWN' }, { kind: 'cancelled', ...about, ...byHand, tenant });
  return events;
}

function ledgerOf(mails: readonly Partial<Mail>[]): Ledger {
  const ledger = new Ledger(':memory:');
  const events = mails.flatMap((given, number) => eventsOf(number, { ...mail, ...given }));
  ledger.apply(0, events, { createdAt: 1, sequence: 1, skip: 0 });
  return ledger;
}

function pageOf(ledger: Ledger, request: ListRequest): MessagePage {
  const search = ledger.list(request);
  for (let step = search.next(); ; step = search.next()) if (step.done) return step.value;
}

const numbersOf = (messages: readonly MessageRecord[]) => messages.map(({ ticket }) => Number.parseInt(ticket.id.slice(24, -2), 16));

function allPages(ledger: Ledger, filter: MessageFilter, size: number): number[] {
  const numbers: number[] = [];
  let from: ListRequest['from'];
  do {
    const { messages, next } = pageOf(ledger, { filter, size, from });
    numbers.push(...numbersOf(messages));
    from = next;
  } while (from);
  return numbers;
}

const anyMail = fc.record({
  lane: fc.constantFrom(...lanes),
  tenant: fc.constantFrom('default', 'acme'),
  from: fc.constantFrom('a@example.org', 'A@Example.org', 'c@other.example', ''),
  to: fc.subarray(['b@example.net', 'B@EXAMPLE.NET', 'd@third.example'], { minLength: 1 }),
  acceptedAt: fc.integer({ min: 1_000, max: 1_005 }),
  end: fc.constantFrom('accepted', 'started', 'delivered', 'failed', 'held', 'cancelled'),
  upstream: fc.constantFrom('main', 'spare'),
} as const);

const anyFilter: fc.Arbitrary<MessageFilter> = fc.record(
  {
    states: fc.subarray(['queued', 'sending', 'delivered', 'failed', 'partlyDelivered', 'held', 'cancelled'] as const, { minLength: 1 }),
    lanes: fc.subarray([...lanes], { minLength: 1 }),
    tenant: fc.constantFrom('default', 'acme'),
    upstream: fc.constantFrom('main', 'spare'),
    acceptedAfter: fc.integer({ min: 999, max: 1_006 }),
    acceptedBefore: fc.integer({ min: 999, max: 1_006 }),
    recipient: fc.constantFrom('b@example.net', 'B@example.net', '@third.example', '@nowhere'),
    from: fc.constantFrom('a@EXAMPLE.org', '@other.example'),
    messageId: fc.constantFrom('<3@shop>', '3@shop'),
    upstreamId: fc.constantFrom('UP3', 'UP4'),
  },
  { requiredKeys: [] },
);

test('pages of any size hold exactly what matches, newest first', () => {
  fc.assert(
    fc.property(fc.array(anyMail, { maxLength: 30 }), anyFilter, fc.integer({ min: 1, max: 10 }), (mails, filter, size) => {
      const ledger = ledgerOf(mails);
      expect(allPages(ledger, filter, size)).toEqual(expected(ledger, mails, filter));
      ledger.close();
    }),
  );
});

/** The same by looking at every mail. */
function expected(ledger: Ledger, mails: readonly Mail[], filter: MessageFilter): number[] {
  const matches = (number: number) => {
    const { ticket, recipients } = ledger.getMessage(exampleId(number))!;
    const at = (address: string, wanted: string) =>
      wanted.startsWith('@') ? address.toLowerCase().endsWith(wanted.toLowerCase()) : address.toLowerCase() === wanted.toLowerCase();
    return [
      filter.states?.includes(messageStateOf(recipients.map(({ state }) => state.kind))),
      filter.lanes?.includes(ticket.lane),
      filter.tenant && ticket.tenant === filter.tenant,
      filter.upstream && recipients[0]?.attempts.at(-1)?.upstream === filter.upstream,
      filter.acceptedAfter && ticket.acceptedAt >= filter.acceptedAfter,
      filter.acceptedBefore && ticket.acceptedAt < filter.acceptedBefore,
      filter.recipient && ticket.recipients.some(({ address }) => at(address, filter.recipient!)),
      filter.from && at(ticket.from, filter.from),
      filter.messageId && number === 3,
      filter.upstreamId && recipients[0]?.state.kind === 'delivered' && filter.upstreamId === `UP${number}`,
    ].every((holds) => holds ?? true);
  };
  const numbers = mails.keys().filter(matches).toArray();
  return numbers.toSorted((one, other) => mails[other]!.acceptedAt - mails[one]!.acceptedAt || other - one);
}

test('what is accepted while pages are turned comes before the first one', () => {
  const ledger = ledgerOf(Array.from({ length: 6 }, (_, number) => ({ acceptedAt: 1_000 + number })));
  const first = pageOf(ledger, { filter: {}, size: 2 });
  ledger.apply(0, eventsOf(6, { ...mail, acceptedAt: 1_006 }), { createdAt: 1, sequence: 2, skip: 0 });
  const second = pageOf(ledger, { filter: {}, size: 2, from: first.next });
  expect([numbersOf(first.messages), numbersOf(second.messages)]).toEqual([
    [5, 4],
    [3, 2],
  ]);
});

test('words that were sealed into runs are found like fresh ones, in order', () => {
  // Each has six words: some runs, and some that are fresh.
  const count = Math.ceil((runWords * 2.5) / 6);
  const ledger = ledgerOf(Array.from({ length: count }, (_, number) => ({ acceptedAt: 1_000 + number, to: [`r${number}@example.net`] })));
  for (const number of [0, 100, count - 1]) {
    for (const filter of [{ recipient: `r${number}@example.net` }, { messageId: `${number}@shop` }, { upstreamId: `UP${number}` }]) {
      expect(allPages(ledger, filter, 5)).toEqual([number]);
    }
  }
  expect(allPages(ledger, { recipient: '@example.net' }, 1_000)).toEqual(Array.from({ length: count }, (_, number) => count - 1 - number));
});

test('runs that overlap in time are told in one order', () => {
  const half = Math.ceil((runWords * 1.2) / 6);
  const acceptedAt = (number: number) => 1_000 + (number < half ? 2 * number : 2 * (number - half) + 1);
  const ledger = ledgerOf(Array.from({ length: 2 * half }, (_, number) => ({ acceptedAt: acceptedAt(number) })));
  const times = allPages(ledger, { recipient: '@example.net' }, 1_000).map(acceptedAt);
  expect(times).toEqual(Array.from({ length: 2 * half }, (_, index) => 999 + 2 * half - index));
});

test('a search through more entries than a step passes misses none, and keeps the order over the states', () => {
  // The newer half is failed, the older one delivered: a step comes to its end in both, at different times.
  const half = entriesAtOnce + 2_000;
  const isWanted = (number: number) => number % 1_000 === 7;
  const ledger = ledgerOf(
    Array.from({ length: 2 * half }, (_, number) => ({
      acceptedAt: 1_000 + number,
      end: number < half ? 'delivered' : 'failed',
      tenant: isWanted(number) ? 'acme' : 'default',
    })),
  );
  const wanted = Array.from({ length: 2 * half }, (_, number) => number).filter(isWanted);
  for (const size of [5, 1_000]) expect(allPages(ledger, { tenant: 'acme' }, size)).toEqual(wanted.toReversed());
});

test('mail that was deferred is found by the id that its upstream gave it in the end, after the words of its acceptance were sealed', () => {
  const ledger = ledgerOf([{ end: 'started' }]);
  const others = Array.from({ length: runWords / 5 }, (_, number) => eventsOf(number + 1, { ...mail, acceptedAt: 2_000 })).flat();
  ledger.apply(0, others, { createdAt: 1, sequence: 2, skip: 0 });
  ledger.apply(0, eventsOf(0, mail).slice(2), { createdAt: 1, sequence: 3, skip: 0 });
  expect(allPages(ledger, { upstreamId: 'UP0' }, 5)).toEqual([0]);
});

test('no question reads a whole table: not by any filter, not in the order of time', () => {
  const database = openDatabase(':memory:');
  const narrow = prepareEntries(database, narrowing({ lanes: ['high', 'low'], tenant: 'acme', upstream: 'main' }).where);
  const plans = [prepareList(database), prepareWords(database), { every: prepareEntries(database, ''), narrow }].flatMap((statements) =>
    Object.entries(statements).map(([name, { sourceSQL }]) => ({ name, plan: planOf(database, sourceSQL) })),
  );
  const scans = plans.filter(({ plan }) => /\bSCAN (message|word)\b/.test(plan)).map(({ name }) => name);
  expect(scans).toEqual([]);
  const sorted = plans.filter(({ plan }) => plan.includes('TEMP B-TREE')).map(({ name }) => name);
  // `fresh` holds about `runWords` words at most, and is read as a whole.
  expect(sorted.toSorted()).toEqual(['fresh', 'seal']);
  for (const listing of ['every', 'narrow', 'end']) {
    expect(plans.find(({ name }) => name === listing)?.plan).toContain(
      'COVERING INDEX message_by_state (state=? AND (accepted_at,id)>(?,?) AND (accepted_at,id)<(?,?))',
    );
  }
  expect(plans.find(({ name }) => name === 'inRun')?.plan).toContain(
    'PRIMARY KEY (run=? AND word=? AND accepted_at>? AND (accepted_at,message)<(?,?))',
  );
});

function planOf(database: DatabaseSync, sql: string): string {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...Array.from(sql.matchAll(/\?/g), () => 0))
    .map((row) => String(row['detail']))
    .join('\n');
}
