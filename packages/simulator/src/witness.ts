import type { Attempt, Engine, JournalEvent, RecipientState, Ticket } from '@posthaste/core';
import { apply, domainOf, isFinal, untouched } from '@posthaste/core';
import type { MailFromLog, VirtualStore } from '@posthaste/core/simulation';
import type { Account } from './account.ts';
import { checkExplanations, type Known } from './explanation-watch.ts';
import type { Measures } from './measures.ts';
import type { OrderWatch } from './order-watch.ts';

/** How long a finished mail is remembered, by number of mails: an arrival after that counts as one too many. */
const mostFinished = 20_000;
/** Finished mails that are looked for in the engine, which should not know them any more. */
const lookedAtAgain = 500;
/** Clocks are read in whole milliseconds. */
const coarse = 1;
/** The oldest that wait: theirs are the reasons that somebody asks for. */
const explained = 50;
/** More wakes in a second that find nothing to do are a storm. */
const mostIdleWakes = 100;

/** Sees everything, keeps books of its own, and throws when what is promised does not hold. */
export class Witness {
  readonly #measures: Measures;
  /** Null where a mail may wait for more than its turn. */
  readonly #order: OrderWatch | null;
  readonly #mailFroms: MailFromLog;
  /** Acceptances that were acknowledged to a client and are not finished: by the journal, or not yet in it. */
  readonly #accepted = new Map<string, { readonly ticket: Ticket; readonly at: number }>();
  readonly #accounts = new Map<string, Account>();
  readonly #finished: string[] = [];
  readonly #held = new Set<string>();
  #wakes = { second: -1, idle: 0 };
  #knowsTime = true;
  steps = 0;

  constructor(measures: Measures, order: OrderWatch | null, mailFroms: MailFromLog) {
    this.#mailFroms = mailFroms;
    this.#measures = measures;
    this.#order = order;
  }

  /** Mails that were accepted and are not finished. */
  get unfinished(): number {
    return this.#accepted.size;
  }

  /** Of these, mails that nobody but an operator moves: all that is not final is held. */
  get held(): number {
    return this.#held.size;
  }

  /** Some of them, and where their recipients are. */
  describeUnfinished(): string {
    const ids = [...this.#accepted.keys()].slice(0, 3);
    return ids
      .map(
        (id) =>
          `${id} (${
            this.#accounts
              .get(id)
              ?.states.map((state) => JSON.stringify(state))
              .join(', ') ?? 'not read'
          })`,
      )
      .join('; ');
  }

  noteAccepted(ticket: Ticket, at: number): void {
    this.#accepted.set(ticket.id, { ticket, at });
  }

  /** As the receiving side counts it. */
  noteMailFrom(upstream: string, { mail, id, recipients }: Attempt, now: number): void {
    const account = this.#accounts.get(mail.ticket.id);
    if (!account) throw new Error(`${mail.ticket.id} went to ${upstream} by attempt ${id} at ${now} ms, and is not known`);
    this.#mailFroms.note(upstream, new Set(recipients.map((recipient) => domainOf(mail.ticket.recipients[recipient]?.address ?? ''))), now);
  }

  noteArrival({ mail }: Attempt, recipient: number, now: number): void {
    const { id } = mail.ticket;
    const account = this.#accounts.get(id);
    if (!account) throw new Error(`${id} arrived long after it was finished`);
    account.arrivals[recipient] = (account.arrivals[recipient] ?? 0) + 1;
    account.arrivedAt[recipient] = now;
    const [times, doubts] = [account.arrivals[recipient] ?? 0, account.doubts[recipient] ?? 0];
    if (times > 1 + doubts) throw new Error(`${id}/${recipient} arrived ${times} times with ${doubts} doubts`);
  }

  /** The journal has these, in this order. `at`: when they were decided, in virtual time. */
  noteJournal(events: readonly JournalEvent[], at: number): void {
    for (const event of events) {
      this.steps += 1;
      this.#enter(event, at);
    }
  }

  /** The wall clock was set while nobody journalled it: to the successor that looks like time that has passed. */
  loseSightOfTime(): void {
    this.#knowsTime = false;
    for (const { dueAt } of this.#accounts.values()) dueAt.fill(0);
  }

  noteWake(now: number, isIdle: boolean): void {
    const second = Math.floor(now / 1_000);
    if (second !== this.#wakes.second) this.#wakes = { second, idle: 0 };
    if (isIdle && (this.#wakes.idle += 1) > mostIdleWakes)
      throw new Error(`in second ${second} the engine was woken ${mostIdleWakes} times for nothing`);
  }

  /** What is accepted and not finished has its entry. */
  checkStore(store: VirtualStore): void {
    const stored = store.ids();
    for (const id of this.#accepted.keys()) if (!stored.has(id)) throw new Error(`${id} was accepted and is lost`);
  }

  /** `isQuiet`: nothing is under way between the engine and the journal. */
  checkEngine(engine: Engine, wall: number, isQuiet: boolean): void {
    const { difference } = engine.census(wall);
    if (difference !== 0) throw new Error(`the census differs from the tallies by ${difference}`);
    if (!isQuiet) return;
    for (const id of [...this.#accepted.keys(), ...this.#finished.slice(-lookedAtAgain)]) {
      const known = engine.find(id)?.recipients.map(({ state }) => state.kind);
      const states = this.#accounts.get(id)?.states ?? [];
      if (known ? known.some((kind, index) => kind !== states[index]?.kind) : !states.every(isFinal)) {
        throw new Error(`${id} is ${known?.join(', ') ?? 'unknown'}, by the journal ${states.map(({ kind }) => kind).join(', ')}`);
      }
    }
  }

  /** Call after a step. */
  checkReasons(engine: Engine, staff: ReadonlySet<string>, known: Omit<Known, 'account' | 'working'>): void {
    const working = engine.senders().filter(({ id }) => staff.has(id)).length;
    for (const id of this.#accepted.keys().take(explained)) {
      const account = this.#accounts.get(id);
      if (account) checkExplanations(engine.explain(id, known.now), { ...known, account, working });
    }
  }

  #enter(event: JournalEvent, at: number): void {
    if (event.kind === 'accepted') return this.#open(event.ticket);
    const account = this.#accounts.get(event.id);
    if (!account) throw new Error(`${event.id} was ${event.kind} without having been accepted, or long after it was finished`);
    if (!('recipients' in event)) return;
    this.#order?.note(event, account);
    for (const recipient of event.recipients) {
      const before = account.states[recipient];
      if (!before) throw new Error(`${event.id}/${recipient} was ${event.kind}, and has no such recipient`);
      if (event.kind === 'started') this.#checkStart(account, recipient, event.at, at);
      if (event.kind === 'doubted') account.doubts[recipient] = (account.doubts[recipient] ?? 0) + 1;
      const isPresumed = event.kind === 'delivered' && event.presumed && before.kind === 'inDoubt';
      if (event.kind === 'delivered' && !isPresumed && !account.arrivals[recipient])
        throw new Error(`${event.id}/${recipient} is called delivered and never arrived`);
      this.#measures.note(event, account, recipient, at);
      account.dueAt[recipient] = 'due' in event && event.due ? at + event.due - event.at : 0;
      const after = apply(before, event);
      account.states[recipient] = after;
      if (!isFinal(before) && isFinal(after)) account.open -= 1;
    }
    if (account.open === 0) return this.#finish(event.id);
    if (account.states.every((state) => state.kind === 'held' || isFinal(state))) this.#held.add(event.id);
    else if (this.#held.size > 0) this.#held.delete(event.id);
  }

  #open(ticket: Ticket): void {
    const { id, recipients, due } = ticket;
    const accepted = this.#accepted.get(id);
    if (!accepted) throw new Error(`${id} was read and never accepted`);
    if (this.#accounts.has(id)) throw new Error(`${id} was accepted twice`);
    const first: RecipientState = due === undefined ? untouched : { kind: 'queued', attempts: 0, due, reason: 'SCHEDULED' };
    const states = recipients.map(() => first);
    const account = { ticket, acceptedAt: accepted.at, states, arrivals: [], arrivedAt: [], doubts: [], dueAt: [], open: recipients.length };
    this.#accounts.set(id, account);
    this.#measures.open(account);
    this.#order?.noteAccepted(account);
  }

  #checkStart(account: Account, recipient: number, wall: number, now: number): void {
    const { ticket, states, acceptedAt, dueAt } = account;
    const state = states[recipient];
    if (this.#knowsTime && ticket.deadline !== undefined && acceptedAt + ticket.deadline - ticket.acceptedAt <= now) {
      throw new Error(`${ticket.id} was started after it had lived for long enough`);
    }
    const waits = state?.kind === 'queued' && (state.reason === 'SCHEDULED' ? state.due > wall : (dueAt[recipient] ?? 0) > now + coarse);
    if (state?.kind !== 'queued' || waits) throw new Error(`${ticket.id}/${recipient} was started while ${JSON.stringify(state)}`);
  }

  #finish(id: string): void {
    this.#held.delete(id);
    if (!this.#accepted.delete(id)) return;
    this.#finished.push(id);
    if (this.#finished.length < 2 * mostFinished) return;
    for (const old of this.#finished.splice(0, mostFinished)) this.#accounts.delete(old);
  }
}
