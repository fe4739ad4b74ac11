import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { encodeTicket, namedInDeadLetter, type DeadLetter, type Selector } from '@posthaste/core';
import { ListDeadLettersResponseSchema, type ListDeadLettersRequest, type ListDeadLettersResponse } from '@posthaste/protocol/dispatch';
import { deadStream, readUntil, streamState, type StreamEntry } from '@posthaste/stream';
import { readDeadLetter } from '../dead-letters.ts';
import { renderRecipient, type Lookup } from '../lookup-service.ts';
import { readSelector } from './command-messages.ts';

/** Entries that one call looks at: a page may end early, and have a next one. */
const mostLooks = 5_000;

interface Page {
  readonly letters: (Omit<DeadLetter, 'upTo'> & { readonly diedAt: number })[];
  next: number;
}

/** As the headers in DEAD tell it: what lies there can be retried. */
export async function listDeadLetters(epoch: Lookup, request: ListDeadLettersRequest): Promise<ListDeadLettersResponse> {
  const page = await readPage(epoch, readSelector(request.selector, epoch.driver.engine.lanes), Number(request.from), request.size);
  return create(ListDeadLettersResponseSchema, {
    deadLetters: page.letters.map(({ ticket, states, diedAt }) => ({
      ticketJson: encodeTicket(ticket),
      recipients: states.map((state) => renderRecipient({ state, upstreamDown: false, suspended: false })),
      diedAt: timestampFromMs(diedAt),
      keptUntil: timestampFromMs(diedAt + epoch.deadLetterAgeMs),
    })),
    next: BigInt(page.next),
  });
}

async function readPage(epoch: Lookup, selector: Selector, from: number, size: number): Promise<Page> {
  const { connection, partition, signal } = epoch;
  const stream = deadStream(partition);
  const { first, last } = await streamState(connection, stream);
  const begin = Math.max(first, from);
  const page: Page = { letters: [], next: 0 };
  if (begin > last) return page;
  const to = Math.min(last, begin + mostLooks - 1);
  if (to < last) page.next = to + 1;
  for await (const entries of readUntil(connection, { stream, from: begin, to, headersOnly: true, dense: false, signal })) {
    for (const entry of entries) {
      if (page.letters.length === size) return { ...page, next: entry.sequence };
      take(epoch, selector, page, entry);
    }
  }
  return page;
}

/** What is alive again is no dead letter, though its entry may still lie there for a moment. */
function take({ driver }: Lookup, selector: Selector, page: Page, entry: StreamEntry): void {
  const letter = readDeadLetter(entry);
  if (!letter || namedInDeadLetter(selector, letter).length === 0 || driver.engine.find(letter.ticket.id)) return;
  page.letters.push({ ...letter, diedAt: entry.time });
}
