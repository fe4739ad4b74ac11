import { isDeepStrictEqual } from 'node:util';
import type { Effect, Step } from '../effect.ts';
import type { Engine } from '../engine.ts';
import type { Input, Instant } from '../engine-input.ts';
import type { Gate } from '../explaining.ts';
import { isOfMail, type JournalEvent, type Lifted, type Revived, type Started } from '../journal.ts';
import type { WrittenLane } from '../lane.ts';
import { LaneTable } from '../lane-table.ts';
import { newMail } from '../mail.ts';
import type { Suspension } from '../operation/suspension.ts';
import { apply, isFinal, type RecipientState } from '../recipient.ts';
import type { Router } from '../router.ts';
import type { Ticket } from '../ticket.ts';
import { expectedLive } from '../tally.ts';
import type { UpstreamRules } from '../upstream-rules.ts';
import type { VirtualSender } from './virtual-sender.ts';
import type { VirtualStore } from './virtual-store.ts';
import type { VirtualUpstreams } from './virtual-upstreams.ts';

/** What a journal says of a mail. */
interface Account {
  readonly ticket: Ticket;
  /** Its ticket's, or what an operator changed it to. */
  lane: WrittenLane;
  readonly states: RecipientState[];
  /** By recipient: the upstream or group that an operator moved it to last. */
  readonly detours: (string | undefined)[];
  /** How often it was a dead letter and lived again. */
  revivals: number;
  /** Times that it may have arrived without anybody's knowing. */
  readonly doubts: number[];
}

type Accounts = Map<string, Account>;

/** Hears, line by line, what is decided and heard. */
export type Tell = (line: string) => void;

/** Sees everything and keeps books of its own; throws when what is promised does not hold. */
export class Witness {
  /** Acceptances that were acknowledged to a client, by id. */
  readonly accepted = new Map<string, Ticket>();
  /** What the journal says: what outlives a crash. */
  #journalled: Accounts = new Map();
  /** What the engine has said it would journal. */
  #said: Accounts = new Map();
  readonly #windows = new Map<string, number>();
  readonly #copying = new Set<string>();
  readonly #router: Router;
  #explained = 0;
  /** Of the store and the upstreams, when the promises were checked last. */
  #checkedVersion = -1;

  /** Until when mail lives that lives for so long, by the time that passes. */
  readonly #lifetimes = new Map<string, number>();
  /** Recipients that were deferred since an owner lost sight of the wall clock. */
  readonly #retries = new Set<string>();
  #skew = 0;
  #skewAtBirth = 0;
  /** As the present scheduler has them. */
  #lanes = new LaneTable();
  #jumpIsJournalled = true;

  /** What the scheduler was told to stop. */
  readonly #suspensions = new Map<string, Suspension>();
  /** Commands that the journal tells of, and those that it tells the end of. */
  readonly #commanded = new Set<string>();
  readonly #ended = new Set<string>();
  /** Dead letters that were thrown away. */
  readonly #purged = new Set<string>();
  /** Sequences of the dead letters in DEAD, by mail and life. */
  readonly #burials = new Map<string, number>();
  readonly #tell: Tell | undefined;

  constructor(router: Router, tell: Tell | undefined) {
    this.#router = router;
    this.#tell = tell;
  }

  noteInput(input: Input): void {
    this.#tell?.(`  heard ${JSON.stringify(input)}`);
    if (input.kind === 'credit') this.#windows.set(`${input.sender} ${input.upstream}`, input.window);
    if (input.kind === 'hello') for (const { upstream, window } of input.credits) this.#windows.set(`${input.sender} ${upstream}`, window);
  }

  noteAcceptance(ticket: Ticket, wall: number, now: number): void {
    this.accepted.set(ticket.id, ticket);
    if (ticket.byAge && ticket.deadline !== undefined) this.#lifetimes.set(ticket.id, now + ticket.deadline - wall);
  }

  /** `now`: the time that passes, whatever the wall clock says. */
  noteStep(step: Step, wall: number, now: number): void {
    for (const { event } of step.records) {
      if (event.kind === 'started') this.#checkStart(event, wall, now);
      if (event.kind === 'deferred') for (const recipient of event.recipients) this.#retries.add(`${event.id}/${recipient}`);
      // Its place tells when it came, and a copy has another one.
      if (event.kind === 'moved' || event.kind === 'revived') this.#lifetimes.delete(event.id);
      if (event.kind === 'lifted') this.#checkLifted(event);
      this.#tell?.(`  said ${JSON.stringify(event)}`);
      enter(this.#said, event);
    }
    for (const effect of step.effects) this.#tell?.(`  to do: ${describeEffect(effect)}`);
    for (const effect of step.effects) if (effect.kind === 'copy') this.#checkCopy(effect.mail.ticket.id);
  }

  noteJournal(events: readonly JournalEvent[], clock: Step['clock']): void {
    this.#tell?.(`  journalled ${events.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`);
    if (clock?.skewMs === this.#skew - this.#skewAtBirth) this.#jumpIsJournalled = true;
    for (const event of events) enter(this.#journalled, event);
    for (const event of events) this.#noteOperator(event);
  }

  noteSuspended(suspension: Suspension): void {
    this.#suspensions.set(suspension.id, suspension);
  }

  noteLifted(id: string): void {
    this.#suspensions.delete(id);
  }

  #noteOperator({ kind, id }: JournalEvent): void {
    if (kind === 'commanded') this.#commanded.add(id);
    if (kind === 'commandEnded') this.#ended.add(id);
    if (kind === 'purged') this.#purged.add(id);
  }

  /** Nobody lifted it, so it must have expired. */
  #checkLifted({ id, at }: Lifted): void {
    const suspension = this.#suspensions.get(id);
    if (suspension && (suspension.expires ?? Infinity) > at) throw new Error(`the suspension ${id} ended before its time`);
    this.#suspensions.delete(id);
  }

  /** Whoever lists or purges dead letters counts each: a mail has one for each of its lives, however often it was buried. */
  noteBurial(id: string, sequence: number): void {
    const end = `${id} after ${this.#journalled.get(id)?.revivals ?? 0} revivals`;
    const known = this.#burials.get(end) ?? sequence;
    if (known !== sequence) throw new Error(`${end} has two dead letters, ${known} and ${sequence}`);
    this.#burials.set(end, sequence);
  }

  noteCopyEnded(id: string): void {
    this.#copying.delete(id);
  }

  /** What was said and not journalled is void. A jump of the wall clock that nobody journalled looks to the successor like time that has passed. */
  noteCrash(): void {
    if (!this.#jumpIsJournalled) {
      this.#retries.clear();
      this.#lifetimes.clear();
    }
    this.#forgetUnjournalled();
  }

  noteJump(skew: number): void {
    this.#skew = skew;
    this.#jumpIsJournalled = false;
  }

  noteRecovery(engine: Engine, skew: number, wall: number): void {
    this.#checkSuspensions(engine, wall);
    this.#skewAtBirth = skew + engine.steady(0);
    this.#lanes = engine.lanes;
    this.#jumpIsJournalled = true;
  }

  #forgetUnjournalled(): void {
    this.#said = new Map(
      [...this.#journalled].map(([id, account]) => [id, { ...account, states: [...account.states], detours: [...account.detours] }]),
    );
    this.#windows.clear();
    this.#copying.clear();
  }

  checkPromises(store: VirtualStore, upstreams: VirtualUpstreams): void {
    const version = store.version + upstreams.arrivals;
    if (version === this.#checkedVersion) return;
    this.#checkedVersion = version;
    const stored = store.ids();
    for (const id of this.accepted.keys()) {
      const account = this.#journalled.get(id);
      const finished = account?.states.every(isFinal) ?? false;
      if (!finished && !stored.has(id)) throw new Error(`${id} was accepted and is lost`);
    }
    for (const [key, times] of upstreams.received) this.#checkDuplicates(key, times);
  }

  /** All senders together have no more connections than there may be, whoever rules and whatever was lost on the way. */
  checkConnections(rules: UpstreamRules, senders: readonly VirtualSender[], now: number): void {
    for (const [upstream, { maxConnections = Infinity }] of rules) {
      const open = senders.map((sender) => sender.connectionsTo(upstream, now));
      if (open.reduce((sum, count) => sum + count, 0) > maxConnections)
        throw new Error(`${upstream} has ${open.join(' and ')} connections, and ${maxConnections} are allowed`);
    }
  }

  checkEngine(engine: Engine): void {
    const { difference } = engine.census(0);
    if (difference !== 0) throw new Error(`the census differs from the tallies by ${difference}`);
    for (const [id, { states, lane }] of this.#said) {
      const mail = engine.find(id);
      if (mail && mail.lane !== engine.lanes.of(lane))
        throw new Error(`${id} is in lane ${mail.lane.name}, by the journal in ${JSON.stringify(lane)}`);
      const known = mail?.recipients.map(({ state }) => state);
      if (known ? !isDeepStrictEqual(known, states) : !states.every(isFinal)) {
        throw new Error(`${id} is ${JSON.stringify(known)}, by the journal ${JSON.stringify(states)}`);
      }
    }
  }

  /** After a step: what waits is explained, and what is named first is what keeps it. */
  checkExplanations(engine: Engine, now: Instant): void {
    const id = [...this.#said.keys()][this.#explained++ % Math.max(1, this.#said.size)] ?? '';
    if (this.#copying.has(id)) return;
    for (const { state, gates, upstreams } of engine.explain(id, now)) {
      if ((state === 'queued' || state === 'held') !== gates.length > 0)
        throw new Error(`${id} is ${state} with the gates ${gates.map(({ reason }) => reason).join(', ')}`);
      const [first] = gates;
      if (first && !this.#keeps(engine, first, upstreams, now)) throw new Error(`${id} is not kept by ${JSON.stringify(first)}`);
    }
  }

  /** What was learned of an upstream can always let something go, and is kept to. */
  checkLearned(engine: Engine): void {
    for (const { name, learned } of engine.upstreams()) {
      const wrong = learned.find(({ limit, used, windowMs }) => limit < 1 || (windowMs !== null && (used > limit || windowMs / limit > 6_000)));
      if (wrong) throw new Error(`${name} is learned to take ${JSON.stringify(wrong)}`);
    }
  }

  #keeps(engine: Engine, { reason, until, detail }: Gate, upstreams: readonly string[], now: Instant): boolean {
    switch (detail.kind) {
      case 'backoff':
        return until !== null && until > now.wall;
      case 'operator':
        return until === null || until > now.wall;
      case 'filling':
        return until !== null && until > now.wall;
      case 'outage':
        return engine.upstreams().every(({ name, health }) => !upstreams.includes(name) || health.kind === 'down');
      case 'limit':
        return detail.used >= detail.limit;
      case 'connections':
      case 'senders': {
        const windowOf = (id: string, upstream: string) => this.#windows.get(`${id} ${upstream}`) ?? 0;
        const pairs = engine.senders().flatMap(({ id }) => upstreams.map((upstream) => ({ id, upstream })));
        const serving = pairs.filter(({ id, upstream }) => windowOf(id, upstream) > 0);
        const full = serving.every(({ id, upstream }) => this.#attemptsWith(id, upstream) >= windowOf(id, upstream));
        return full && (reason !== 'SENDERS_BUSY') === (serving.length === 0);
      }
      case 'place':
        // The step has more to look at than one may, and goes on at once.
        return engine.nextWake(now) === 0;
    }
  }

  /** All that only waits for a while has had its turn, whatever the wall clock was set to. */
  checkOnlyAppointments(engine: Engine, wall: number): void {
    for (const [id, { states }] of this.#said) {
      const waits = states.some((state) => state.kind === 'queued' && state.reason === 'SCHEDULED' && state.due > wall);
      if (engine.find(id) && !waits) throw new Error(`${id} waits for nothing: ${JSON.stringify(states)} at ${wall}`);
    }
  }

  /** What has not expired, and was not lifted, is still in force. */
  #checkSuspensions(engine: Engine, wall: number): void {
    const stand = new Set(engine.suspensions.map(({ id }) => id));
    for (const { id, expires = Infinity } of this.#suspensions.values()) {
      if (expires <= wall) this.#suspensions.delete(id);
      else if (!stand.has(id)) throw new Error(`the suspension ${id} is forgotten`);
    }
  }

  /** Every command came to its end, and what failed is kept unless it was thrown away. */
  checkHand(store: VirtualStore): void {
    for (const id of this.#commanded) if (!this.#ended.has(id)) throw new Error(`the command ${id} never ended`);
    const kept = new Set(store.dead.from(0).map(([, { ticket }]) => ticket.id));
    for (const [id, { states }] of this.#journalled) {
      const failed = states.some(({ kind }) => kind === 'failed');
      if (kept.has(id) && !failed) throw new Error(`${id} is kept as a dead letter, and is none`);
      if (failed && !kept.has(id) && !this.#purged.has(id)) throw new Error(`${id} has failed and is not kept`);
    }
  }

  checkEnd(engine: Engine, upstreams: VirtualUpstreams): void {
    if (engine.size > 0) throw new Error(`${engine.size} mails are not finished`);
    const live = [...engine.tallies.values()].map(expectedLive);
    if (live.some((count) => count !== 0)) throw new Error(`tallies of nothing say ${live.join(', ')}`);
    for (const [id, { recipients }] of this.accepted) {
      const states = this.#journalled.get(id)?.states ?? [];
      recipients.forEach((_, recipient) => {
        const state = states[recipient];
        if (!state || !isFinal(state)) throw new Error(`${id}/${recipient} ended ${state?.kind ?? 'unknown'}`);
        if (state.kind === 'delivered' && !state.presumed && !upstreams.received.has(`${id}/${recipient}`))
          throw new Error(`${id}/${recipient} never arrived`);
      });
    }
  }

  #checkDuplicates(key: string, times: number): void {
    const [id = '', recipient] = key.split('/');
    const doubts = this.#journalled.get(id)?.doubts[Number(recipient)] ?? 0;
    // A doubt that was said and not yet journalled is none: whatever is sent follows the journal.
    if (times > 1 + doubts) throw new Error(`${key} arrived ${times} times with ${doubts} doubts`);
  }

  #checkStart({ id, recipients, sender, upstream }: Started, wall: number, now: number): void {
    const account = this.#said.get(id);
    if (this.#copying.has(id)) throw new Error(`${id} was started while it was being copied`);
    if (!account || !isUseful(account.ticket, wall)) throw new Error(`${id} was started unknown or too late`);
    if ((this.#lifetimes.get(id) ?? Infinity) <= now) throw new Error(`${id} was started after it had lived for long enough`);
    for (const recipient of recipients) {
      const state = account.states[recipient];
      if (!this.#leadsTo(upstream, account, recipient)) throw new Error(`${id}/${recipient} was started at ${upstream}, where nothing leads`);
      if (state?.kind !== 'queued' || this.#waits(`${id}/${recipient}`, state, wall, now))
        throw new Error(`${id}/${recipient} was started while ${JSON.stringify(state)}`);
      this.#checkNotSuspended(account.ticket, recipient, wall);
    }
    const window = this.#windows.get(`${sender} ${upstream}`) ?? 0;
    const held = this.#attemptsWith(sender, upstream);
    if (held >= window) throw new Error(`${sender} was given more than its window of ${window} for ${upstream}: it has ${held}`);
  }

  #checkNotSuspended({ id, tenant, recipients }: Ticket, recipient: number, wall: number): void {
    for (const { match, expires = Infinity } of this.#suspensions.values()) {
      const isOf =
        (match.tenant ?? tenant) === tenant && (recipients[recipient]?.address ?? '').endsWith(`@${match.domain ?? ''}`.replace(/^@$/, ''));
      if (isOf && expires > wall) throw new Error(`${id}/${recipient} was started while it was suspended by ${JSON.stringify(match)}`);
    }
  }

  #waits(key: string, { reason, due, skewMs = 0 }: RecipientState & { kind: 'queued' }, wall: number, now: number): boolean {
    if (reason === 'SCHEDULED') return due > wall;
    return due > 0 && this.#retries.has(key) && due - skewMs - this.#skewAtBirth > now;
  }

  /** Where an operator moved it last, else by the route of the lane that it is in. */
  #leadsTo(upstream: string, { ticket, lane, detours }: Account, recipient: number): boolean {
    const detour = detours[recipient];
    const index = detour === undefined ? this.#router.destinationOf(ticket, recipient, this.#lanes.of(lane).name) : this.#router.indexOf(detour);
    return this.#router.destinations[index]?.members.some((member) => member.upstream === upstream) ?? false;
  }

  #attemptsWith(sender: string, upstream: string): number {
    const attempts = new Set<string>();
    for (const { states } of this.#said.values()) {
      for (const state of states) if (state.kind === 'sending' && state.sender === sender && state.upstream === upstream) attempts.add(state.attempt);
    }
    return attempts.size;
  }

  #checkCopy(id: string): void {
    const sending = this.#said.get(id)?.states.some(({ kind }) => kind === 'sending');
    if (sending || this.#copying.has(id)) throw new Error(`${id} is copied while it is sent or copied`);
    this.#copying.add(id);
  }
}

function enter(accounts: Accounts, event: JournalEvent): void {
  if (event.kind === 'accepted') return open(accounts, event.ticket);
  if (!isOfMail(event)) return;
  const account = accounts.get(event.id);
  if (!account) throw new Error(`${event.id} was ${event.kind} without having been accepted`);
  if (!('recipients' in event)) return;
  if (event.kind === 'laneChanged') account.lane = event;
  if (event.kind === 'revived') resurrect(account, event);
  if (event.kind === 'redirected') for (const recipient of event.recipients) account.detours[recipient] = event.upstream;
  for (const recipient of event.recipients) {
    const before = account.states[recipient];
    if (before) account.states[recipient] = apply(before, event);
    if (event.kind === 'doubted') account.doubts[recipient] = (account.doubts[recipient] ?? 0) + 1;
  }
}

/** What operators said of it in its former life is over with that. */
function resurrect(account: Account, { id, ticket, states: remembered }: Revived): void {
  const { states, detours } = account;
  if (!isDeepStrictEqual(states, remembered))
    throw new Error(`${id} was revived as ${JSON.stringify(remembered)}, and was ${JSON.stringify(states)}`);
  account.lane = ticket;
  account.revivals += 1;
  detours.fill(undefined);
}

function isUseful({ deadline, byAge }: Ticket, wall: number): boolean {
  return byAge === true || (deadline ?? Infinity) > wall;
}

function open(accounts: Accounts, ticket: Ticket): void {
  if (accounts.has(ticket.id)) throw new Error(`${ticket.id} was accepted twice`);
  const { states } = newMail(ticket, { kind: 'wait', sequence: 0 }, new LaneTable().of(ticket), 0);
  accounts.set(ticket.id, { ticket, lane: ticket, states, detours: states.map(() => undefined), revivals: 0, doubts: states.map(() => 0) });
}

function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'send':
      return `send ${effect.attempts.map(({ id, mail }) => `${id} (${mail.ticket.id})`).join(', ')} to ${effect.sender}`;
    case 'copy':
    case 'bury':
      return `${effect.kind} ${effect.mail.ticket.id}`;
    default:
      return JSON.stringify(effect);
  }
}
