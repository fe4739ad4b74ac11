import type { JournalEntry, Place, Ticket } from '@posthaste/core';
import {
  isStreamError,
  journalStream,
  journalSubject,
  readLast,
  readSince,
  readUntil,
  streamState,
  type StreamConnection,
  type StreamEntry,
} from '@posthaste/stream';

export interface JournalSearchOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  /** How far back it looks. */
  readonly windowMs: number;
}

export interface JournalSearch {
  /** The ticket of the mail that was accepted from this place; undefined when the journal does not know it. Rejects with a StreamError. */
  find(place: Place): Promise<Ticket | undefined>;
}

interface Question {
  readonly place: Place;
  /** What the record of that place holds somewhere, as bytes: parsing only what has it makes the search fast. */
  readonly trace: string;
  readonly resolve: (ticket: Ticket | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A mail is accepted before the journal speaks of it, and a server's clock may be slewed. */
const slackMs = 60_000;

/** Reads the journal of the window from its beginning, for all questions at once that are open then. */
export function createJournalSearch(options: JournalSearchOptions): JournalSearch {
  let open: Question[] = [];
  let searching = false;
  const search = async () => {
    searching = true;
    while (open.length > 0) {
      const questions = open;
      open = [];
      await answerAll(options, questions).catch((error: unknown) => questions.forEach(({ reject }) => reject(error)));
    }
    searching = false;
  };
  return {
    find: (place) =>
      new Promise((resolve, reject) => {
        open.push({ place, trace: `"sequence":${place.sequence}`, resolve, reject });
        if (!searching) void search();
      }),
  };
}

async function answerAll(options: JournalSearchOptions, questions: readonly Question[]): Promise<void> {
  const unanswered = new Set(questions);
  for await (const entries of readWindow(options)) {
    for (const entry of entries) answerFrom(entry, unanswered);
    if (unanswered.size === 0) return;
  }
  for (const { resolve } of unanswered) resolve(undefined);
}

async function* readWindow({ connection, partition, windowMs }: JournalSearchOptions): AsyncIterable<readonly StreamEntry[]> {
  const [stream, filter] = [journalStream(partition), journalSubject(partition, 'events')];
  try {
    // By the server's clock alone: ours may have been set since.
    const { time } = await readLast(connection, stream, filter);
    const { sequence } = await readSince(connection, stream, filter, time - windowMs - slackMs);
    const { last } = await streamState(connection, stream);
    yield* readUntil(connection, { stream, filter, from: sequence, to: last, dense: false, signal: new AbortController().signal });
  } catch (error) {
    if (!isStreamError(error, 'NOT_FOUND')) throw error;
  }
}

function answerFrom({ body }: StreamEntry, unanswered: Set<Question>): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const hit = [...unanswered].filter(({ trace }) => bytes.includes(trace));
  if (hit.length === 0) return;
  const { events } = JSON.parse(bytes.toString()) as JournalEntry;
  const accepted = events.filter((event) => event.kind === 'accepted');
  for (const question of hit) {
    const event = accepted.find(({ place }) => isSame(place, question.place));
    if (!event) continue;
    unanswered.delete(question);
    question.resolve(event.ticket);
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.sequence === other.sequence && one.kind === other.kind && (one.kind === 'wait' || other.kind === 'wait' || one.lane === other.lane);
}
