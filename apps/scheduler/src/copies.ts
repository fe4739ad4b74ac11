import { encodeTicket, maxTicketBytes, type Mail, type Place } from '@posthaste/core';
import {
  deadStream,
  deadSubject,
  isStreamError,
  mailStream,
  readEntry,
  ticketHeader,
  waitStream,
  waitSubject,
  type Publisher,
  type StreamConnection,
} from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';

/** The header of a dead letter that holds its recipients' last states, as JSON. */
const statesHeader = 'Posthaste-States';

/** Copies under way at a time: each holds a body, at most of the inline limit. */
const atOnce = 16;

/** How often a dead letter is tried to be kept. That a mail failed does not depend on it. */
const burialTries = 5;
const burialPauseMs = 1_000;

export interface CopiesOptions {
  readonly connection: StreamConnection;
  readonly publisher: Publisher;
  readonly partition: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Dead letters whose body could not be kept. */
  readonly onUnburied: () => void;
}

/** Copies a mail's entry, its body unread: to WAIT, so that a log can be trimmed, or to DEAD, for inspection and retry. */
export class Copies {
  readonly #options: CopiesOptions;
  readonly #queue: (() => void)[] = [];
  #free = atOnce;

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** The copy's sequence in WAIT, or null when it could not be made now. */
  toWait(mail: Mail): Promise<number | null> {
    return this.#inTurn(() => this.#copyToWait(mail));
  }

  /** Resolves when it lies in DEAD, or was tried often enough. */
  toDead(mail: Mail): Promise<void> {
    return this.#inTurn(() => this.#copyToDead(mail));
  }

  async #inTurn<T>(copy: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await copy();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free += 1;
    }
  }

  async #copyToWait(mail: Mail): Promise<number | null> {
    const { publisher, partition, log } = this.#options;
    const { id } = mail.ticket;
    try {
      const body = await this.#body(mail.place);
      const headers = { [ticketHeader]: encodeTicket(mail.ticket) };
      const stored = await publisher.publish({ stream: waitStream(partition), subject: waitSubject(partition, id), messageId: id, headers, body });
      return stored.sequence;
    } catch (error) {
      log.warn('a mail that pins its log could not be moved to WAIT now', { id, error });
      return null;
    }
  }

  async #copyToDead(mail: Mail): Promise<void> {
    const { clock, log, signal } = this.#options;
    for (let tries = 1; tries <= burialTries && !signal.aborted; tries += 1) {
      try {
        return await this.#bury(mail);
      } catch (error) {
        log.warn('a dead letter could not be kept for inspection now', { id: mail.ticket.id, tries, error });
        await clock.sleep(burialPauseMs, signal).catch(() => {});
      }
    }
    if (!signal.aborted) this.#options.onUnburied();
  }

  async #bury(mail: Mail): Promise<void> {
    const { publisher, partition } = this.#options;
    const { id } = mail.ticket;
    const body = await this.#body(mail.place).catch((error: unknown) => {
      if (isStreamError(error, 'NOT_FOUND')) return new Uint8Array();
      throw error;
    });
    const headers = { [ticketHeader]: encodeTicket(mail.ticket), [statesHeader]: encodeStates(mail) };
    await publisher.publish({ stream: deadStream(partition), subject: deadSubject(partition, id), messageId: id, headers, body });
  }

  async #body(place: Place): Promise<Uint8Array> {
    const { connection, partition } = this.#options;
    const stream = place.kind === 'wait' ? waitStream(partition) : mailStream(partition, place.lane);
    const entry = await readEntry(connection, stream, place.sequence).catch((error: unknown) => {
      if (isStreamError(error, 'NOT_FOUND')) return readEntry(connection, stream, place.sequence, { fromLeader: true });
      throw error;
    });
    return entry.body;
  }
}

/** Ticket and states share the header's room; when a thousand recipients have long replies, the replies are left out. */
function encodeStates(mail: Mail): string {
  const room = 60 * 1024 - maxTicketBytes;
  const ascii = (text: string) => text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const full = ascii(JSON.stringify(mail.states));
  return full.length <= room ? full : JSON.stringify(mail.states.map(({ kind, attempts }) => ({ kind, attempts }))).slice(0, room);
}
