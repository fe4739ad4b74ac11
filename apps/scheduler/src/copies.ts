import { burialIdOf, encodeTicket, type Mail, type Place, type Revival, type Ticket } from '@posthaste/core';
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
import { encodeRevival, encodeStates, revivalHeader, statesHeader } from './dead-letters.ts';

/** Copies under way at a time: each holds a body, at most of the inline limit. */
const atOnce = 16;

/** How often a dead letter is tried to be kept. That a mail failed does not depend on it. */
const burialTries = 5;
const burialPauseMs = 1_000;

export interface CopiesOptions {
  readonly connection: StreamConnection;
  readonly publisher: Publisher;
  readonly partition: number;
  readonly epoch: number;
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

  /** The copy's sequence in DEAD, or null when it was tried often enough. */
  toDead(mail: Mail): Promise<number | null> {
    return this.#inTurn(() => this.#copyToDead(mail));
  }

  /** The copy's sequence in WAIT. Rejects with NOT_FOUND when the dead letter is gone, FULL or AWAY. */
  backToWait(ticket: Ticket, revival: Revival): Promise<number> {
    return this.#inTurn(() => this.#copyBack(ticket, revival));
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

  /** An id of its own for each try of an owner: the server may still know the one of an earlier copy, which is gone. */
  async #copyBack(ticket: Ticket, revival: Revival): Promise<number> {
    const { connection, publisher, partition, epoch } = this.#options;
    const { id } = ticket;
    const { body } = await readEntry(connection, deadStream(partition), revival.sequence, { fromLeader: true });
    const headers = { [ticketHeader]: encodeTicket(ticket), [revivalHeader]: encodeRevival(revival) };
    const messageId = `${id}.${revival.sequence}.${revival.command}.${epoch}`;
    return (await publisher.publish({ stream: waitStream(partition), subject: waitSubject(partition, id), messageId, headers, body })).sequence;
  }

  async #copyToDead(mail: Mail): Promise<number | null> {
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
    return null;
  }

  async #bury(mail: Mail): Promise<number> {
    const { publisher, partition } = this.#options;
    const { id } = mail.ticket;
    const body = await this.#body(mail.place).catch((error: unknown) => {
      if (isStreamError(error, 'NOT_FOUND')) return new Uint8Array();
      throw error;
    });
    const headers = { [ticketHeader]: encodeTicket(mail.ticket), [statesHeader]: encodeStates(mail) };
    const entry = { stream: deadStream(partition), subject: deadSubject(partition, id), messageId: burialIdOf(mail) };
    return (await publisher.publish({ ...entry, headers, body })).sequence;
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
