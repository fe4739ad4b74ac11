import { destinationOf } from './destination.ts';
import type { EngineState } from './engine-state.ts';
import { isDue, isReady, readySince, steadyAcceptance, wallDue } from './filing.ts';
import type { NamedLane } from './lane-table.ts';
import type { MailWalk } from './mail-index.ts';
import type { Mail } from './mail.ts';
import { isFinal, type RecipientState } from './recipient.ts';
import { expectedLive } from './tally.ts';

/** The index, counted by walking it. */
export interface Census {
  /** The most urgent first. */
  readonly lanes: readonly LaneCensus[];
  /** By the router's index: recipients that are queued for it; for an upstream also those whose attempt it has, whichever destination they were queued for. */
  readonly destinations: readonly DestinationDepth[];
  /** Accepted less final less live: 0, or something was lost or counted twice. */
  readonly difference: number;
}

export interface LaneCensus {
  readonly lane: NamedLane;
  /** Recipients that are not final. */
  readonly depth: Readonly<Record<LiveKind, number>>;
  /** Of those that are queued: how many wait for their due time. */
  readonly waiting: number;
  /** When its oldest mail was accepted; null for an empty lane. */
  readonly oldestAcceptedAt: number | null;
  /** Since when the mail of it that has waited longest for its turn could have gone; null when none is ready. */
  readonly oldestReadyAt: number | null;
  /** Mails that are ready and should have been begun by its target. */
  readonly late: number;
}

export interface DestinationDepth {
  queued: number;
  sending: number;
  /** Mails that are ready and should have been begun by their lane's target. */
  late: number;
}

export type LiveKind = 'queued' | 'held' | 'sending' | 'inDoubt';

/** At once. A million mails take a quarter of a second. */
export function takeCensus(state: EngineState, now: number): Census {
  const walk = walkIndex(state, now);
  for (let step = walk.next(); ; step = walk.next()) if (step.done) return step.value;
}

/** Mails between two turns: some 0.3 ms. */
const walkedAtOnce = 1_000;

/** The same in pieces, `undefined` where others may have their turn: the index as it was at the first of them. `now`: wall clock. */
export function* walkIndex(state: EngineState, now: number): Generator<undefined, Census> {
  const count = new IndexCount(state, now);
  state.counts.add(count);
  try {
    for (let walked = 1; count.goOn(); walked += 1) if (walked % walkedAtOnce === 0) yield;
    return count.census;
  } finally {
    state.counts.delete(count);
  }
}

/** A count of the index, mail by mail. What changes before its turn is counted just before that, so all of it is as it was at the beginning. */
export class IndexCount {
  readonly #state: EngineState;
  readonly #now: number;
  readonly #walk: MailWalk;
  readonly #counted = new Set<Mail>();
  readonly #lanes: readonly LaneCount[];
  readonly #destinations: readonly DestinationDepth[];
  /** By tenant: what should be live, less what was found. */
  readonly #missing: Map<string, number>;

  constructor(state: EngineState, now: number) {
    this.#state = state;
    this.#now = now;
    this.#walk = state.mails.walk();
    this.#lanes = state.policy.lanes.all.map(nothingIn);
    this.#destinations = state.destinations.map(() => ({ queued: 0, sending: 0, late: 0 }));
    this.#missing = new Map([...state.tallies].map(([tenant, tally]) => [tenant, expectedLive(tally)]));
  }

  /** The next mail; false: there is none. */
  goOn(): boolean {
    const mail = this.#walk.next();
    if (mail && !this.#counted.has(mail)) this.#count(mail);
    return mail !== undefined;
  }

  /** This mail is about to change. */
  countAhead(mail: Mail): void {
    if (this.#counted.has(mail) || !this.#walk.isAhead(mail)) return;
    this.#counted.add(mail);
    this.#count(mail);
  }

  /** Once there is no more. The difference is by tenant, so that one's loss cannot hide behind another's surplus. */
  get census(): Census {
    const difference = [...this.#missing.values()].reduce((sum, missing) => sum + Math.abs(missing), 0);
    return { lanes: this.#lanes, destinations: this.#destinations, difference };
  }

  #count(mail: Mail): void {
    const [state, now, destinations] = [this.#state, this.#now, this.#destinations];
    const { clock } = state;
    const { tenant } = mail.ticket;
    const lane = this.#lanes[mail.lane.rank] as LaneCount;
    const acceptedAt = steadyAcceptance(clock, mail) + clock.skewMs;
    countMail(state, mail, now, lane, destinations);
    if (isReady(clock, mail, now)) {
      const since = readySince(clock, mail, now) + clock.skewMs;
      lane.oldestReadyAt = Math.min(lane.oldestReadyAt ?? since, since);
      if (since + mail.lane.targetMs < now) countLate(state, mail, now, lane, destinations);
    }
    if (mail.open > 0) lane.oldestAcceptedAt = Math.min(lane.oldestAcceptedAt ?? acceptedAt, acceptedAt);
    this.#missing.set(tenant, (this.#missing.get(tenant) ?? 0) - mail.open);
  }
}

/** Under the destination of its first recipient that is ready: a mail goes to several only now and then. */
function countLate({ router, clock }: EngineState, mail: Mail, now: number, lane: LaneCount, destinations: readonly DestinationDepth[]): void {
  lane.late += 1;
  const recipient = mail.states.findIndex((state) => state.kind === 'queued' && isDue(clock, state, now));
  const destination = destinations[destinationOf(router, mail, recipient)];
  if (destination) destination.late += 1;
}

/** While it is being counted. */
type LaneCount = { -readonly [Key in keyof LaneCensus]: LaneCensus[Key] } & { readonly depth: Record<LiveKind, number> };

function nothingIn(lane: NamedLane): LaneCount {
  return { lane, depth: { queued: 0, held: 0, sending: 0, inDoubt: 0 }, waiting: 0, oldestAcceptedAt: null, oldestReadyAt: null, late: 0 };
}

function countMail({ router, clock }: EngineState, mail: Mail, now: number, lane: LaneCount, destinations: readonly DestinationDepth[]): void {
  const { states } = mail;
  for (let recipient = 0; recipient < states.length; recipient += 1) {
    const recipientState = states[recipient];
    if (!recipientState || !isLiveKind(recipientState)) continue;
    lane.depth[recipientState.kind] += 1;
    if (recipientState.kind === 'inDoubt' || recipientState.kind === 'held') continue;
    const index = recipientState.kind === 'sending' ? router.upstreams.indexOf(recipientState.upstream) : destinationOf(router, mail, recipient);
    const destination = destinations[index];
    if (destination) destination[recipientState.kind] += 1;
    if (recipientState.kind === 'queued' && wallDue(clock, recipientState) > now) lane.waiting += 1;
  }
}

function isLiveKind(state: RecipientState): state is RecipientState & { kind: LiveKind } {
  return !isFinal(state);
}
