import { namedInDeadLetter, type Command, type DeadLetter, type Revival } from '@posthaste/core';
import { deadStream, isStreamError, readUntil, streamState, type StreamConnection, type StreamEntry, type StreamState } from '@posthaste/stream';
import type { Clock, Log } from '@posthaste/telemetry';
import type { Copies } from '../copies.ts';
import { readDeadLetter } from '../dead-letters.ts';
import type { Driver } from '../driver.ts';

type Found = Omit<DeadLetter, 'upTo'>;

export interface DeadSearchOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly driver: Driver;
  readonly copies: Copies;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const retryMs = 1_000;
/** A mail's way to DEAD is told to the engine right after it lies there. */
const burialLookMs = 5;

/** Goes through DEAD for a command. What is away or full now is tried until it is not: the command is not done before. */
export class DeadSearch {
  readonly #options: DeadSearchOptions;
  /** Of DEAD, when it was looked at last. */
  #end = 0;

  constructor(options: DeadSearchOptions) {
    this.#options = options;
  }

  async run(command: Command, dryRun: boolean): Promise<void> {
    const { driver, log, clock, signal } = this.#options;
    const left = new Set(command.selector.ids);
    for (let from = 0; !signal.aborted;) {
      try {
        for await (const letters of this.#letters(from)) {
          for (const letter of letters) {
            await this.#act(command, dryRun, letter);
            left.delete(letter.ticket.id);
            from = letter.sequence + 1;
          }
        }
        break;
      } catch (error) {
        log.debug('dead letters cannot be gone through now', { error });
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    }
    if (left.size > 0) driver.tell({ kind: 'found', command: command.id, unchanged: 'NOT_FOUND', recipients: left.size });
    driver.tell({ kind: 'found', command: command.id, over: true });
  }

  /** From this sequence of DEAD to its present end. */
  async *#letters(from: number): AsyncGenerator<Found[]> {
    const { connection, partition, signal } = this.#options;
    const stream = deadStream(partition);
    const { first, last } = await this.#look();
    if (Math.max(first, from) > last) return;
    for await (const entries of readUntil(connection, { stream, from: Math.max(first, from), to: last, headersOnly: true, dense: false, signal }))
      yield entries.flatMap((entry: StreamEntry) => readDeadLetter(entry) ?? []);
  }

  async #act(command: Command, dryRun: boolean, found: Found): Promise<void> {
    const { driver } = this.#options;
    const recipients = namedInDeadLetter(command.selector, found);
    if (recipients.length === 0) return;
    const tell = { kind: 'found', command: command.id } as const;
    await this.#burial(found);
    if (!this.#isAtRest(command, found)) return driver.tell({ ...tell, unchanged: 'NOT_APPLICABLE', recipients: recipients.length });
    if (dryRun) return driver.tell({ ...tell, changed: recipients.length });
    const letter = { ...found, upTo: this.#end };
    if (command.verb.kind === 'purge') return driver.tell({ kind: 'purged', letter, command: command.id });
    await this.#revive(command, letter, recipients);
  }

  async #burial({ ticket }: Found): Promise<void> {
    const { driver, clock, signal } = this.#options;
    if (!driver.engine.isEnding(ticket.id)) return;
    while (driver.engine.isEnding(ticket.id) && !signal.aborted) await clock.sleep(burialLookMs, signal).catch(() => {});
    await this.#look();
  }

  /** Until then everything in DEAD is of mail that has come to its end, or is coming to it. */
  async #look(): Promise<StreamState> {
    const { connection, partition } = this.#options;
    const state = await streamState(connection, deadStream(partition));
    this.#end = state.last;
    return state;
  }

  /** It is not alive again, and would not expire at once. */
  #isAtRest({ verb }: Command, { ticket }: Found): boolean {
    const { driver, clock } = this.#options;
    return !driver.engine.find(ticket.id) && (verb.kind === 'purge' || (ticket.deadline ?? Infinity) > clock.now());
  }

  async #revive(command: Command, { ticket, sequence, upTo, states }: DeadLetter, recipients: readonly number[]): Promise<void> {
    const { copies, driver } = this.#options;
    const { author, comment } = command.by;
    const revival: Revival = { sequence, upTo, states, recipients, command: command.id, author, comment };
    try {
      const copied = await copies.backToWait(ticket, revival);
      driver.tell({ kind: 'revived', ticket, place: { kind: 'wait', sequence: copied }, revival });
    } catch (error) {
      if (!isStreamError(error, 'NOT_FOUND')) throw error;
      driver.tell({ kind: 'found', command: command.id, unchanged: 'BODY_GONE', recipients: recipients.length });
    }
  }
}
