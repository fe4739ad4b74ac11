import { defaultPolicy, type EnginePolicy } from '../engine-state.ts';
import { lanes, type Lane, type WrittenLane } from '../lane.ts';
import { type FurtherLane, LaneTable, type NamedLane } from '../lane-table.ts';
import type { Command } from '../operation/command.ts';
import { Router, type Route } from '../router.ts';
import type { RetryRules } from '../retry-rules.ts';
import type { Ticket } from '../ticket.ts';
import type { BreakerRule, UpstreamRule } from '../upstream-rules.ts';
import { MailFromLog } from './mail-from-log.ts';
import { Random } from './random.ts';
import { VirtualOperator } from './virtual-operator.ts';
import { VirtualLink } from './virtual-link.ts';
import { VirtualNeighbour } from './virtual-neighbour.ts';
import { VirtualScheduler } from './virtual-scheduler.ts';
import { VirtualSender } from './virtual-sender.ts';
import { VirtualShares } from './virtual-shares.ts';
import { VirtualStore, type Source } from './virtual-store.ts';
import { VirtualUpstreams } from './virtual-upstreams.ts';
import { type Tell, Witness } from './witness.ts';

/** Short enough for a run: every class that is tried again, with and without jitter. */
const retry: RetryRules = {
  rules: [
    { match: { class: 'mailbox_full', lane: 'one-time' }, policy: { kind: 'fixed', delaysMs: [5_000, 5_000] } },
    { match: { class: 'mailbox_full' }, policy: { kind: 'fixed', delaysMs: [20_000] } },
    { match: { class: 'rate_limited' }, policy: { kind: 'exponential', baseMs: 2_000, factor: 2, capMs: 20_000, retries: 5, jitter: 'full' } },
    { match: { lane: 'low', domain: 'other.example' }, policy: { kind: 'fixed', delaysMs: [1_000, 1_000], maxAgeMs: 30_000 } },
  ],
  default: { kind: 'fixed', delaysMs: [2_000, 10_000, 30_000] },
  maxAgeMs: 120_000,
};

/** Of the four: nothing may depend on what is the default. */
const doubts = { normal: { inDoubt: 'hold' }, low: { inDoubt: 'sent' } } as const;

/** For every other run. */
const furtherLanes: readonly FurtherLane[] = [
  { name: 'wedding-day', base: 'high', targetMs: 60_000, share: 0.1, inDoubt: 'hold' },
  { name: 'one-time', base: 'immediate', inDoubt: 'sent' },
];

const breaker: BreakerRule = { ...defaultPolicy.breaker, failures: 2, healthyMs: 20_000 };

const policy: EnginePolicy = {
  ...defaultPolicy,
  retry,
  breaker,
  maxRecipientsPerAttempt: 2,
  pinnedFloor: 0,
  lanes: new LaneTable([], doubts),
};
/** For every other run: long enough that much comes between the wait and its end. */
const patientPolicy: EnginePolicy = { ...policy, batch: { size: 4, waitMs: 3_000 } };

/** For every other run: near enough to what is sent that they are reached often, wide enough that the end comes. */
const limits = { perSecond: 2, perMinute: 20, concurrency: 3 };
const limitsOfDomains: Pick<EnginePolicy, 'domainLimits'> = {
  domainLimits: new Map([
    ['*', { perMinute: 15 }],
    ['other.example', { perSecond: 1, perMinute: 30 }],
  ]),
};

/** For half of these: enough to be divided with another partition. */
const sharedLimits = { perSecond: 5, perMinute: 40, concurrency: 6 };
const sharedLimitsOfDomains: Pick<EnginePolicy, 'domainLimits'> = {
  domainLimits: new Map([
    ['*', { perMinute: 30 }],
    ['other.example', { perSecond: 3, perMinute: 60 }],
  ]),
};

interface Bounds {
  readonly isLimited: boolean;
  readonly isShared: boolean;
}

function policyOf(seed: number, { isLimited, isShared }: Bounds, random: Random): EnginePolicy {
  const maxConnections = random.pick([undefined, ...(isShared ? [4, 5, 6] : [1, 2, 3])]);
  const main: UpstreamRule = {
    limits: isLimited ? (isShared ? sharedLimits : limits) : {},
    adaptive: true,
    ...(maxConnections !== undefined && { maxConnections }),
  };
  const { domainLimits } = isShared ? sharedLimitsOfDomains : isLimited ? limitsOfDomains : policy;
  return { ...(seed % 2 === 0 ? policy : patientPolicy), upstreamRules: new Map([['main', main]]), domainLimits };
}

/** Some runs have a group beside the upstreams themselves, so that destinations share them; in some a lane leads elsewhere. */
function routerOf(names: readonly string[], random: Random): Router {
  const toLast = names.at(-1) ?? '';
  const routes: Route[] = [
    { match: { kind: 'lane', value: 'wedding-day' }, upstream: toLast },
    ...(random.chance(0.4) ? [{ match: { kind: 'lane', value: 'high' }, upstream: toLast } as const] : []),
    { match: { kind: 'domain', value: 'other.example' }, upstream: toLast },
  ];
  if (names.length === 1 || random.chance(0.4)) return new Router(names, routes);
  const members = names.map((upstream) => ({ upstream, priority: random.below(2), weight: random.between(1, 3) }));
  const toGroup: Route = { match: { kind: 'tenant', value: 'globex' }, upstream: 'pool' };
  return new Router(names, [toGroup, ...routes], [{ name: 'pool', members, overflow: random.chance(0.5) }]);
}

/** How long a door goes on with a publish that was not acknowledged. */
const doorPatienceMs = 20_000;

/** How long an entry is unread at most, as far as a checkpoint can tell: far less than finished ids are remembered. */
const longestLagMs = 5_000;

const mostMails = 40;

interface Submission {
  readonly ticket: Ticket;
  readonly source: Source;
  readonly at: number;
}

/** Posthaste in one process and without a clock, with everything that can go wrong around it. */
export class VirtualWorld {
  readonly #random: Random;
  #policy: EnginePolicy;
  /** As the doors know them, whatever the scheduler does. */
  readonly #lanes: LaneTable;
  readonly #store = new VirtualStore();
  readonly #witness: Witness;
  readonly #upstreams: VirtualUpstreams;
  readonly #router: Router;
  readonly #operator: VirtualOperator;
  readonly #shares: VirtualShares | null;
  readonly #neighbour: VirtualNeighbour | null;
  #scheduler: VirtualScheduler;
  /** The last one that crashed, if it only seemed so: it has lost the partition and goes on dividing limits as if it had not. */
  #late: VirtualScheduler | null = null;
  #senders: VirtualSender[];
  readonly #inclinations = new Map<string, number>();
  readonly #submissions: Submission[] = [];
  /** The time that passes. */
  #now = 1_700_000_000_000;
  /** How far the wall clock is ahead of it. */
  #skew = 0;
  #mostSkew = 0;
  #caughtUpAt = this.#now;
  #epoch = 0;
  #sendersBorn = 0;

  constructor(seed: number, tell?: Tell) {
    this.#random = new Random(seed);
    const isLimited = this.#random.chance(0.5);
    const isShared = isLimited && seed % 4 < 2;
    this.#policy = policyOf(seed, { isLimited, isShared }, this.#random);
    this.#lanes = new LaneTable(this.#random.chance(0.5) ? furtherLanes : [], doubts);
    const names = this.#random.chance(0.5) ? ['main', 'other'] : ['main'];
    const { upstreamRules, domainLimits } = this.#policy;
    const mailFroms = new MailFromLog(upstreamRules, domainLimits);
    this.#upstreams = new VirtualUpstreams(names, this.#random, mailFroms);
    this.#router = routerOf(names, this.#random);
    this.#witness = new Witness(this.#router, tell);
    this.#operator = new VirtualOperator(
      this.#random,
      this.#router.destinations.map(({ name }) => name),
      this.#lanes,
    );
    this.#shares = isShared ? new VirtualShares() : null;
    this.#scheduler = this.#boot();
    this.#neighbour = this.#shares && new VirtualNeighbour(this.#shares, this.#policy, this.#random, mailFroms, this.#now);
    this.#senders = [this.#hire()];
    if (this.#random.chance(0.5)) this.#senders.push(this.#hire());
  }

  /** One thing happens, by chance. Returns its name. */
  stumble(): string {
    const [name, act] = this.#draw();
    act();
    this.#check();
    return name;
  }

  /** From now on nothing fails any more, and everything must come to its end. */
  calmDown(): void {
    for (const id of [...this.#store.suspensions.keys()]) this.#lift(id);
    this.#upstreams.calmDown();
    this.#neighbour?.calmDown();
    for (const name of this.#upstreams.names) for (const sender of this.#senders) sender.open(name, 4, this.#now);
    for (let round = 0; round < 400 && !this.#isOver(); round += 1) this.#goOn(round);
    this.#witness.checkOnlyAppointments(this.#scheduler.engine, this.#wall);
    this.#skew = this.#mostSkew;
    for (let round = 0; round < 400 && !this.#isOver(); round += 1) this.#goOn(round);
    for (let round = 0; round < 3; round += 1) this.#settleCheckpoint();
    this.#check();
    this.#witness.checkEnd(this.#scheduler.engine, this.#upstreams);
    this.#witness.checkHand(this.#store);
    this.#checkEmpty();
  }

  #draw(): [name: string, act: () => void] {
    const choices = this.#choices();
    const drawn = this.#random.weighted(choices.map(([weight, ...choice]) => [weight * this.#inclinationTo(choice[0]), choice] as const));
    return drawn ?? ['', () => {}];
  }

  /** Every run does some things often and others hardly ever: together the runs go further than the average would. */
  #inclinationTo(name: string): number {
    const known = this.#inclinations.get(name);
    const inclination = known ?? this.#random.pick([1, 4, 4, 16]) ?? 1;
    if (known === undefined) this.#inclinations.set(name, inclination);
    return inclination;
  }

  #choices(): [weight: number, name: string, act: () => void][] {
    const scheduler = this.#scheduler;
    const sender = this.#random.pick(this.#senders) as VirtualSender;
    const now = this.#now;
    return [
      [6, 'submit', () => this.#submit()],
      [1, 'replay a publish', () => this.#replayPublish()],
      [1, 'a stray entry', () => void this.#store.mail[this.#anyLane()].append({ ticket: null })],
      [10, 'read', () => scheduler.read(now)],
      [14, 'step', () => scheduler.step(now)],
      [30, 'work', () => scheduler.work(now)],
      [20, 'scheduler hears', () => scheduler.hear(now)],
      [20, 'sender hears', () => this.#tellSender(sender)],
      [10, 'begin', () => sender.begin(now)],
      [10, 'finish', () => sender.finish(now)],
      [8, 'report', () => sender.report(now)],
      [4, 'heartbeat', () => sender.beat(now)],
      [6, 'connect', () => this.#connect(sender)],
      [1, 'credit', () => sender.changeWindow(now)],
      [2, 'health check', () => sender.check(now)],
      [2, 'checkpoint', () => this.#makeCheckpoint()],
      [2, 'measure', () => scheduler.measure(now)],
      [6, 'time', () => this.#pass(this.#random.between(1, 800))],
      [3, 'smooth going', () => this.#goSmoothly(20)],
      [1, 'a while', () => this.#pass(this.#random.between(1_000, 25_000))],
      [1, 'the wall clock is set', () => this.#setClock()],
      [2, 'a command', () => this.#command(this.#operator.command(this.#wall))],
      [1, 'dead letters are revived', () => this.#command(this.#operator.commandTo({ kind: 'revive' }, {}, this.#wall))],
      [1, 'a suspension', () => this.#suspend()],
      [1, 'a suspension is lifted', () => this.#lift(this.#random.pick([...this.#store.suspensions.keys()]))],
      [1, 'upstream', () => this.#upstreams.toggle()],
      [3, 'jumble', () => sender.link?.jumble(this.#random)],
      [1, 'cut', () => this.#cut(sender)],
      [1, 'sender crash', () => this.#replace(sender)],
      [2, 'scheduler crash', () => this.#crash()],
      ...this.#sharing(),
    ];
  }

  #sharing(): [weight: number, name: string, act: () => void][] {
    const [shares, neighbour, now] = [this.#shares, this.#neighbour, this.#now];
    if (!shares || !neighbour) return [];
    return [
      [12, 'divide limits', () => this.#scheduler.divide(now)],
      [12, 'the neighbour divides limits', () => neighbour.divide(now)],
      [8, 'the neighbour sends', () => neighbour.send(now)],
      [1, 'the neighbour has mail, or none', () => neighbour.toggle()],
      [1, 'the neighbour crashes', () => neighbour.crash(now)],
      [2, 'a late scheduler divides limits', () => this.#late?.divide(now)],
      [1, 'a late write of shares', () => shares.landAdrift(this.#random)],
    ];
  }

  #command(command: Command): void {
    this.#scheduler.operate({ kind: 'command', command, dryRun: this.#random.chance(0.1) }, this.#now);
  }

  #suspend(): void {
    const suspension = this.#operator.suspension(this.#wall);
    this.#store.suspensions.set(suspension.id, suspension);
    this.#witness.noteSuspended(suspension);
    this.#scheduler.operate({ kind: 'suspend', suspension }, this.#now);
  }

  #lift(id: string | undefined): void {
    if (id === undefined) return;
    this.#store.suspensions.delete(id);
    this.#witness.noteLifted(id);
    this.#scheduler.operate({ kind: 'lift', id, by: { author: 'lee', comment: '' } }, this.#now);
  }

  #check(): void {
    this.#witness.checkPromises(this.#store, this.#upstreams);
    this.#witness.checkConnections(this.#policy.upstreamRules, this.#senders, this.#now);
  }

  #submit(): void {
    if (this.#submissions.length >= mostMails) return;
    const ticket = this.#write();
    const source = ticket.due !== undefined && this.#random.chance(0.7) ? 'wait' : ticket.lane;
    this.#submissions.push({ ticket, source, at: this.#now });
    this.#store.mail[source].append({ ticket });
    this.#witness.noteAcceptance(ticket, this.#wall, this.#now);
  }

  #write(): Ticket {
    const random = this.#random;
    const recipients = Array.from({ length: random.between(1, 4) }, (_, index) => ({
      address: `r${index}@${random.chance(0.3) ? 'other' : 'main'}.example`,
    }));
    return {
      id: random.id(),
      tenant: random.pick(['acme', 'globex']) ?? 'acme',
      ...this.#writtenLane(),
      from: 'sender@example.org',
      recipients,
      acceptedAt: this.#wall,
      size: 1_000,
      ...(random.chance(0.2) && { due: this.#wall + random.between(1_000, 60_000) }),
      ...(random.chance(0.2) && { deadline: this.#wall + random.between(1_000, 90_000), ...(random.chance(0.5) && { byAge: true as const }) }),
    };
  }

  /** A door that has not heard the acknowledgement publishes again; the server may have forgotten the id meanwhile. */
  #replayPublish(): void {
    const recent = this.#submissions.filter(({ at }) => this.#now - at < doorPatienceMs);
    const again = this.#random.pick(recent);
    if (again) this.#store.mail[again.source].append({ ticket: again.ticket });
  }

  #tellSender(sender: VirtualSender): void {
    const word = sender.link?.toSender.shift();
    if (word) sender.hear(word, this.#now);
  }

  #connect(sender: VirtualSender): void {
    if (sender.link?.open) return;
    const link = new VirtualLink(sender.id);
    this.#scheduler.connect(link);
    sender.sayHello(link, this.#now);
  }

  #cut(sender: VirtualSender): void {
    sender.link?.cut();
  }

  #replace(sender: VirtualSender): void {
    if (this.#random.chance(0.5)) this.#cut(sender);
    sender.link?.end();
    this.#senders = this.#senders.map((other) => (other === sender ? this.#hire() : other));
  }

  #hire(): VirtualSender {
    this.#sendersBorn += 1;
    return new VirtualSender(`sender-${this.#sendersBorn}`, this.#upstreams, this.#random, policy.senderLeaseMs, this.#policy.upstreamRules);
  }

  #crash(): void {
    this.#scheduler.crash();
    this.#late = this.#scheduler;
    this.#caughtUpAt = 0;
    this.#witness.noteCrash();
    this.#scheduler = this.#boot();
  }

  #boot(): VirtualScheduler {
    this.#epoch += 1;
    // A restart may come with the further lanes taken out of the configuration, or back in it.
    this.#policy = { ...this.#policy, lanes: this.#random.chance(0.8) ? this.#lanes : policy.lanes };
    const scheduler = new VirtualScheduler({
      store: this.#store,
      epoch: this.#epoch,
      router: this.#router,
      policy: this.#policy,
      shares: this.#shares,
      random: this.#random,
      witness: this.#witness,
      bootedAt: this.#now,
      skew: () => this.#skew,
    });
    this.#witness.noteRecovery(scheduler.engine, this.#skew, this.#wall);
    this.#witness.checkEngine(scheduler.engine);
    return scheduler;
  }

  get #wall(): number {
    return this.#now + this.#skew;
  }

  /** By seconds or by hours, forth or back, and sometimes right again. What was stored before has been read: no scheduler lags behind by much. */
  #setClock(): void {
    this.#scheduler.catchUp(this.#now);
    const by = this.#random.pick([10_000, 60_000, 3 * 3_600_000]) ?? 0;
    this.#skew = this.#random.chance(0.2) ? 0 : this.#skew + (this.#random.chance(0.5) ? by : -by);
    this.#mostSkew = Math.max(this.#mostSkew, this.#skew);
    this.#witness.noteJump(this.#skew);
  }

  #pass(ms: number): void {
    this.#now += ms;
    this.#keepUp();
    this.#scheduler.tellTime(this.#now);
    this.#scheduler.step(this.#now);
    this.#witness.checkEngine(this.#scheduler.engine);
  }

  #keepUp(): void {
    if (this.#now - this.#caughtUpAt <= longestLagMs) return;
    this.#caughtUpAt = this.#now;
    this.#scheduler.catchUp(this.#now);
  }

  #makeCheckpoint(): void {
    this.#keepUp();
    this.#scheduler.makeCheckpoint(this.#now);
  }

  #writtenLane(): WrittenLane {
    return (this.#random.pick(this.#lanes.all) as NamedLane).written;
  }

  #anyLane(): Lane {
    return this.#random.pick(lanes) as Lane;
  }

  #goOn(round: number): void {
    for (const sender of this.#senders) {
      this.#connect(sender);
      sender.beat(this.#now);
    }
    this.#goSmoothly(50);
    if (round % 10 === 0)
      this.#scheduler.operate({ kind: 'command', command: this.#operator.commandTo({ kind: 'release' }, {}, this.#wall), dryRun: false }, this.#now);
    this.#pass(round % 2 === 0 ? 100 : 2_000);
    this.#check();
  }

  /** Everybody does their work in turn: what takes many steps comes to its end, and the next trouble meets something new. */
  #goSmoothly(turns: number): void {
    for (let turn = 0; turn < turns; turn += 1) {
      this.#scheduler.read(this.#now);
      this.#scheduler.hear(this.#now);
      this.#scheduler.step(this.#now);
      this.#scheduler.work(this.#now);
      if (turn % 5 === 0) {
        this.#scheduler.divide(this.#now);
        this.#neighbour?.divide(this.#now);
      }
      for (const sender of this.#senders) this.#serve(sender);
    }
  }

  #serve(sender: VirtualSender): void {
    this.#tellSender(sender);
    sender.begin(this.#now);
    sender.finish(this.#now);
    if (this.#random.chance(0.3)) sender.report(this.#now);
  }

  #settleCheckpoint(): void {
    this.#scheduler.makeCheckpoint(this.#now);
    for (let turn = 0; turn < 2_000 && !this.#scheduler.idle; turn += 1) this.#scheduler.work(this.#now);
  }

  #isOver(): boolean {
    return this.#scheduler.engine.size === 0 && this.#scheduler.idle && this.#senders.every(({ idle }) => idle);
  }

  #checkEmpty(): void {
    for (const [source, stream] of Object.entries(this.#store.mail)) {
      if (stream.from(0).some(([, { ticket }]) => ticket)) throw new Error(`${source} still holds ${stream.size} entries of finished mail`);
    }
    if (this.#store.state.size > 0) throw new Error(`STATE still holds ${this.#store.state.size} entries of finished mail`);
  }
}
