import { type Clock, gauge } from '@posthaste/telemetry';
import type { SmtpSession } from './smtp-session.ts';
import { ConnectionEnded, ConnectionLost } from './smtp-wire.ts';
import type { UpstreamTarget } from './upstream-target.ts';

const connections = gauge(
  'posthaste_upstream_connections',
  'Open SMTP connections by upstream. At the configured number for long: the upstream is slower than the mail that comes.',
  ['upstream'],
);

/** How long no further connection is opened after one was refused beside others that work: the upstream wants no more. */
const growthPauseMs = 5_000;

interface Idle {
  readonly session: SmtpSession;
  readonly since: number;
}

export interface ConnectionsOptions {
  readonly target: UpstreamTarget;
  readonly clock: Clock;
  /** How many are in force has changed; told only where they are allotted. */
  inForceChanged(): void;
  /** There may be room for another one. */
  freed(): void;
}

/** The connections to one upstream: which are idle, which carry mail, and how many there may be. */
export class Connections {
  readonly #options: ConnectionsOptions;
  #idle: Idle[] = [];
  readonly #busy = new Set<SmtpSession>();
  #opening = 0;
  #closing = 0;
  #growsAgainAt = 0;
  /** What the scheduler allots of the upstream's maximum; nothing before it said so. */
  #allotted: number;
  #saidInForce: number;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#allotted = options.target.maxConnections === undefined ? Infinity : 0;
    this.#saidInForce = this.inForce;
  }

  /** How many there may be. */
  get most(): number {
    return Math.min(this.#options.target.connections, this.#allotted);
  }

  get isAllotted(): boolean {
    return this.#options.target.maxConnections !== undefined;
  }

  /** How many are open and of use. */
  get open(): number {
    return this.#idle.length + this.#busy.size;
  }

  get opening(): number {
    return this.#opening;
  }

  /** How many the upstream sees. */
  get #size(): number {
    return this.open + this.#opening + this.#closing;
  }

  /** The most that are open or will be, under what was allotted. */
  get inForce(): number {
    return Math.max(this.most, this.#size);
  }

  mayGrow(): boolean {
    return this.#size < this.most && (this.open === 0 || this.#options.clock.monotonic() >= this.#growsAgainAt);
  }

  /** Closes what is too much: idle ones now, busy ones after their transaction. */
  allot(number: number): void {
    this.#allotted = number;
    this.#closeSurplus();
    this.count();
  }

  /** A lease is over. One that waits for its final reply is left to it: cut off, its mail would be in doubt. */
  endAllotment(left: number, isLost: (session: SmtpSession) => boolean): void {
    this.allot(left);
    for (const session of this.#busy)
      if (isLost(session) && session.wire.phase !== 'final')
        session.wire.end(new ConnectionEnded('the lease is over, and with it the allotted connections'));
  }

  /** An idle one, for use. */
  take(): SmtpSession | undefined {
    return this.takeIdle()?.session;
  }

  takeIdle(): Idle | undefined {
    let rested = this.#idle.pop();
    while (rested?.session.wire.lost) rested = this.#idle.pop();
    if (rested) this.#busy.add(rested.session);
    return rested;
  }

  /** One more, in use until it rests. `open` rejects when the upstream refuses. */
  async add(open: () => Promise<SmtpSession>): Promise<SmtpSession> {
    this.#opening += 1;
    try {
      const session = await open();
      session.wire.onLost(() => this.#forget(session));
      this.#busy.add(session);
      return session;
    } catch (error) {
      this.#growsAgainAt = this.#options.clock.monotonic() + growthPauseMs;
      throw error;
    } finally {
      this.#opening -= 1;
    }
  }

  /** Nothing uses it now. `since`: for how long already. */
  rest(session: SmtpSession, since = this.#options.clock.monotonic()): void {
    const { messagesPerConnection = Infinity } = this.#options.target;
    this.#busy.delete(session);
    if (session.used >= messagesPerConnection) this.#quit(session);
    if (!session.wire.lost) this.#idle.push({ session, since });
    this.#closeSurplus();
    this.count();
  }

  /** Called every second. */
  tick(): void {
    for (const session of this.#busy) session.wire.checkProgress();
    const now = this.#options.clock.monotonic();
    // Ended by us, before the upstream or a firewall does it silently.
    for (const { session, since } of this.#idle) if (now - since >= this.#options.target.idleTimeoutMs) this.#quit(session);
    this.#idle = this.#idle.filter(({ session }) => !session.wire.lost);
  }

  /** Ends every one, by QUIT where no mail is under way. */
  close(): void {
    for (const { session } of this.#idle) this.#quit(session);
    this.#idle = [];
    for (const session of this.#busy) session.wire.end(new ConnectionLost('the sender is shutting down'));
    this.count();
  }

  count(): void {
    connections.set({ upstream: this.#options.target.name }, this.open);
    // What is too much is gone one by one: the scheduler waits for it before it allots them to another.
    if (!this.isAllotted || this.inForce === this.#saidInForce) return;
    this.#saidInForce = this.inForce;
    this.#options.inForceChanged();
  }

  #closeSurplus(): void {
    for (let surplus = this.#size - this.#closing - this.most; surplus > 0; surplus--) {
      const session = this.#idle.pop()?.session;
      if (session) this.#quit(session);
    }
  }

  /** To the upstream it is there until it is closed: where they are allotted its place is free only then. */
  #quit(session: SmtpSession): void {
    const closed = session.wire.quit();
    if (!this.isAllotted) return;
    this.#closing += 1;
    void closed.then(() => {
      this.#closing -= 1;
      this.count();
      this.#options.freed();
    });
  }

  #forget(session: SmtpSession): void {
    this.#idle = this.#idle.filter((rested) => rested.session !== session);
    this.count();
  }
}
