import { farOffMs, type EnginePolicy, type Router, type Ticket } from '@posthaste/core';
import { Heap } from '@posthaste/core/heap';
import { MailFromLog, Random, type Source as Log, VirtualStore } from '@posthaste/core/simulation';
import { Agenda } from './agenda.ts';
import { sendingOf } from './arrivals.ts';
import { chargeCore, type CoreUse } from './core-time.ts';
import { Link } from './link.ts';
import { Measures } from './measures.ts';
import { OrderWatch } from './order-watch.ts';
import { Post } from './post.ts';
import { usualUpstream } from './reading/read-upstream.ts';
import { Scheduler } from './scheduler.ts';
import { Sender } from './sender.ts';
import { type Stretch, stretchesOf } from './troubles.ts';
import { Upstream } from './upstream.ts';
import { Witness } from './witness.ts';
import type { Workload } from './workload.ts';

/** What is to be tried out: the settings as the programs take them. */
export interface Configuration {
  readonly router: Router;
  readonly policy: EnginePolicy;
  /** Connections that a sender keeps to each upstream. */
  readonly connections: ReadonlyMap<string, number>;
  /** How often a sender looks after an upstream that it has not heard of; 0: never. */
  readonly checkEveryMs: number;
}

export interface WorldOptions {
  readonly workload: Workload;
  readonly configuration: Configuration;
  readonly seed: number;
  /** Milliseconds of a real clock, for `decisionMicros: measured`. */
  stopwatch(): number;
}

/** What is left is looked at so often while it drains. */
const endLookMs = 1_000;
/** Without anything under way, mail that is not finished has been forgotten. */
const stuckLooks = 5;

/** Posthaste and its surroundings in virtual time. */
export class World {
  readonly agenda = new Agenda();
  readonly measures: Measures;
  readonly witness: Witness;
  readonly mailFroms: MailFromLog;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly coreUse: CoreUse = { turns: 0, events: 0, busyMs: 0, longestMs: 0 };
  readonly #options: WorldOptions;
  readonly #random: Random;
  readonly #order: OrderWatch;
  readonly #store = new VirtualStore();
  /** The last one of each sender. */
  readonly #links = new Map<string, Link>();
  #scheduler: Scheduler | null = null;
  #senders: Sender[] = [];
  /** With those that drain, or are gone. */
  readonly #everybody: Sender[] = [];
  #epoch = 0;
  #born = 0;
  #jumpedMs = 0;
  #jumpedAt = -Infinity;
  #journalledAt = 0;
  #stillness = 0;

  constructor(options: WorldOptions) {
    const { workload, configuration, seed } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.measures = new Measures(configuration.policy.lanes);
    const { router, policy } = configuration;
    this.#order = new OrderWatch(router, policy.lanes, policy.domainLimits);
    this.mailFroms = new MailFromLog(policy.upstreamRules, policy.domainLimits);
    this.witness = new Witness(this.measures, this.#order, this.mailFroms);
    const models = workload.upstreams;
    const usual = models.get('*') ?? usualUpstream();
    this.upstreams = new Map([...configuration.connections.keys()].map((name) => [name, this.#build(name, models.get(name) ?? usual)]));
  }

  /** To the end of the workload, and on until nothing is left or the time for that is over. Throws when a promise is broken. */
  run(): void {
    const { forMs, drainMs, costs } = this.#options.workload;
    this.#boot();
    this.#staff(this.#options.workload.senders.count);
    this.#plan();
    this.#sendAll();
    while (this.agenda.step(forMs));
    for (let until = forMs + endLookMs; until <= forMs + drainMs && this.witness.unfinished > this.witness.held; until += endLookMs) {
      while (this.agenda.step(until));
      this.agenda.now = until;
      this.#lookForStuck();
    }
    while (this.agenda.step(this.agenda.now + 10 * costs.journalMs));
    this.witness.checkStore(this.#store);
    if (this.#scheduler) this.witness.checkEngine(this.#scheduler.engine, this.#wall(), this.#scheduler.isQuiet);
  }

  get #untilMs(): number {
    const { forMs, drainMs } = this.#options.workload;
    return forMs + drainMs;
  }

  #wall(): number {
    return this.#options.workload.startsAt + this.#jumpedMs + Math.floor(this.agenda.now);
  }

  #build(name: string, model: Upstream['model']): Upstream {
    return new Upstream(name, model, this.#untilMs, new Random(this.#random.word()));
  }

  #plan(): void {
    const { senders, crashes, jumps, network } = this.#options.workload;
    for (const { atMs, count } of senders.changes) this.agenda.at(atMs, () => this.#staff(count));
    for (const { atMs, byMs } of jumps) this.agenda.at(atMs, () => this.#jump(byMs));
    for (const { from, to } of crashes.scheduler.flatMap((trouble) => stretchesOf(trouble, this.#untilMs, this.#random))) {
      this.agenda.at(from, () => this.#crash());
      this.agenda.at(to, () => this.#boot());
    }
    for (const { from, to } of crashes.senders.flatMap((trouble) => stretchesOf(trouble, this.#untilMs, this.#random))) {
      this.agenda.at(from, () => this.#breakSender(to - from));
    }
    const { cutEveryMs } = network;
    if (cutEveryMs !== null)
      for (const { from } of stretchesOf({ kind: 'every', everyMs: cutEveryMs, forMs: 1 }, this.#untilMs, this.#random))
        this.agenda.at(from, () => this.#cutLink());
  }

  /** The sources side by side, in the order of time. */
  #sendAll(): void {
    const { workload } = this.#options;
    const next = new Heap<{ readonly post: Post; readonly times: Iterator<number> }>();
    const draw = (post: Post, times: Iterator<number>, order: number) => {
      const drawn = times.next();
      if (drawn.done !== true) next.push({ post, times }, drawn.value, order);
    };
    let order = 0;
    for (const source of workload.sources) {
      for (const pattern of source.arrivals) {
        const random = new Random(this.#random.word());
        draw(new Post(source, random), sendingOf(source, pattern, workload, random), (order += 1));
      }
    }
    const sendNext = () => {
      const sending = next.pop();
      if (!sending) return;
      this.#accept(sending.post.write(this.#wall()));
      draw(sending.post, sending.times, (order += 1));
      if (next.size > 0) this.agenda.at(next.leastKey, sendNext);
    };
    if (next.size > 0) this.agenda.at(next.leastKey, sendNext);
  }

  #accept(ticket: Ticket): void {
    const at = this.agenda.now;
    this.agenda.after(this.#options.workload.costs.acceptMs, () => {
      const log: Log = (ticket.due ?? 0) > ticket.acceptedAt + farOffMs ? 'wait' : ticket.lane;
      this.#store.mail[log].append({ ticket });
      this.witness.noteAccepted(ticket, at);
      this.#scheduler?.goOn();
    });
  }

  get #outages(): ReadonlyMap<string, readonly Stretch[]> {
    return new Map([...this.upstreams].map(([name, { outages }]) => [name, outages]));
  }

  #boot(): void {
    const { workload, configuration, stopwatch } = this.#options;
    if (this.#scheduler) return;
    this.witness.checkStore(this.#store);
    this.#order.forget();
    if (this.#jumpedAt >= this.#journalledAt) this.witness.loseSightOfTime();
    this.#scheduler = new Scheduler({
      agenda: this.agenda,
      store: this.#store,
      witness: this.witness,
      router: configuration.router,
      policy: configuration.policy,
      epoch: (this.#epoch += 1),
      costs: workload.costs,
      coreTime: chargeCore(workload.costs.decisionMicros, stopwatch, this.coreUse),
      wall: () => this.#wall(),
      staff: () => new Set(this.#senders.map(({ id }) => id)),
      outages: () => (workload.jumps.length > 0 ? null : this.#outages),
    });
  }

  #jump(byMs: number): void {
    this.#jumpedMs += byMs;
    this.#jumpedAt = this.agenda.now;
  }

  #crash(): void {
    this.#journalledAt = this.#scheduler?.journalledAt ?? this.#journalledAt;
    this.#scheduler?.kill();
    for (const link of this.#links.values()) link.cut();
    this.#scheduler = null;
  }

  /** Senders join, or the youngest drain and leave. */
  #staff(count: number): void {
    while (this.#senders.length < count) this.#hire();
    while (this.#senders.length > count) this.#senders.pop()?.drain();
  }

  #hire(): void {
    const { configuration, workload } = this.#options;
    const { connections, policy } = configuration;
    const upstreams = [...this.upstreams.values()].map((upstream) => ({
      upstream,
      connections: connections.get(upstream.name) ?? 1,
      isAllotted: policy.upstreamRules.get(upstream.name)?.maxConnections !== undefined,
    }));
    const sender = new Sender({
      id: `sender-${(this.#born += 1)}`,
      agenda: this.agenda,
      witness: this.witness,
      upstreams,
      checkEveryMs: configuration.checkEveryMs,
      leaseMs: policy.senderLeaseMs,
      connect: (each) => this.#connect(each, workload),
      onBegun: (name) => this.#checkConnections(name),
      onFreed: (name) => this.#advanceAll(name),
    });
    this.#senders.push(sender);
    this.#everybody.push(sender);
    sender.start();
  }

  #connect(sender: Sender, { network }: Workload): Link | null {
    const scheduler = this.#scheduler;
    if (!scheduler) return null;
    const link: Link = new Link(sender.id, this.agenda, network, this.#random, {
      heard: (input, saidAt) => scheduler.tell(input, link, saidAt),
      told: (word) => sender.hear(word),
    });
    this.#links.set(sender.id, link);
    return link;
  }

  #cutLink(): void {
    this.#random.pick([...this.#links.values()].filter(({ open }) => open))?.cut();
  }

  /** One sender dies and another one takes its place when the time is over, or it hangs as long. */
  #breakSender(forMs: number): void {
    const sender = this.#random.pick(this.#senders);
    if (!sender) return;
    if (this.#random.chance(0.5)) return sender.freeze(forMs);
    sender.kill();
    this.#senders = this.#senders.filter((other) => other !== sender);
    this.agenda.after(forMs, () => this.#hire());
  }

  /** A connection of an upstream that limits them is free: whoever waits for one may have it, the longest without one first. */
  #advanceAll(name: string): void {
    for (const sender of this.#senders) sender.advance(name);
  }

  #checkConnections(name: string): void {
    const most = this.#options.configuration.policy.upstreamRules.get(name)?.maxConnections;
    if (most === undefined) return;
    const count = this.#everybody.reduce((sum, sender) => sum + sender.connectionsTo(name), 0);
    if (count > most) throw new Error(`upstream ${name} has ${count} connections, and ${most} are allowed`);
  }

  #lookForStuck(): void {
    const scheduler = this.#scheduler;
    const isStill = scheduler !== null && scheduler.isQuiet && !scheduler.awaitsTime && scheduler.engine.senders().length > 0;
    this.#stillness = isStill ? this.#stillness + 1 : 0;
    if (this.#stillness >= stuckLooks) throw new Error(`${this.witness.unfinished} mails wait for nothing: ${this.witness.describeUnfinished()}`);
  }
}
