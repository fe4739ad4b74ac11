/** An upstream's maximum of connections, split among the senders: what each may have, and what it is known to keep to. */

interface Share {
  /** What it was told last; -1: nothing was said on its present stream. */
  allotted: number;
  /** Of what it was told last; 0: nothing on its present stream. */
  number: number;
  /** What has a number up to this one was said for an earlier stream. */
  readonly since: number;
  /** It has no more than so many, and opens no more: at least what was allotted. */
  inForce: number;
  connected: boolean;
}

/** What a sender is to be told. */
export interface Allotment {
  readonly sender: string;
  readonly connections: number;
  readonly number: number;
}

/**
 * All shares in force together never exceed the maximum: a share is lowered, the sender says what it keeps to, and only then another one is raised. A sender that has gone keeps
 * its share until its lease has ended.
 */
export class ConnectionShares {
  /** The maximum of all senders together. Lowered, it is kept to when `inForce` is no more. */
  most: number;
  /** How many allotments there were, to whomever. */
  #told = 0;
  readonly #shares = new Map<string, Share>();

  constructor(most: number) {
    this.most = most;
  }

  /** Of all senders together, as far as is known. */
  get inForce(): number {
    return [...this.#shares.values()].reduce((sum, { inForce }) => sum + inForce, 0);
  }

  /** Senders that it is split among. */
  get connected(): number {
    return [...this.#shares.values()].filter(({ connected }) => connected).length;
  }

  /** A sender opens its stream, with so many connections in force: those that it was allotted by whoever ruled before. */
  join(sender: string, connections: number): void {
    this.#shares.set(sender, { allotted: -1, number: 0, since: this.#told, inForce: connections, connected: true });
  }

  /** It keeps to an allotment: an older one says nothing of what it may open under the last. */
  confirm(sender: string, connections: number, number: number): void {
    const share = this.#shares.get(sender);
    if (share && number === share.number) share.inForce = Math.max(share.allotted, connections);
  }

  /**
   * Whether an allotment was made for the stream that the sender has now. One that was made for the stream before must not reach it on this one: it has said
   * hello without it, and what it would open then another one has.
   */
  isOfThisStream({ sender, number }: Pick<Allotment, 'sender' | 'number'>): boolean {
    const share = this.#shares.get(sender);
    return share !== undefined && number > share.since;
  }

  disconnect(sender: string): void {
    const share = this.#shares.get(sender);
    if (share) share.connected = false;
  }

  /** Its lease has ended. */
  forget(sender: string): void {
    this.#shares.delete(sender);
  }

  /** What has to be said now. `mayRaise`: no sender of an earlier scheduler can have connections that are not known of here. */
  rebalance(mayRaise: boolean): Allotment[] {
    const targets = this.#targets();
    const told: Allotment[] = [];
    const tell = (sender: string, share: Share, connections: number) => {
      if (connections === share.allotted) return;
      share.allotted = connections;
      share.number = this.#told += 1;
      share.inForce = Math.max(share.inForce, connections);
      told.push({ sender, connections, number: share.number });
    };
    for (const [sender, share, target] of targets) if (target < share.allotted) tell(sender, share, target);
    for (const [sender, share, target] of targets) {
      const free = mayRaise ? Math.max(0, this.most - this.inForce) : 0;
      if (share.allotted < 0 || target > share.allotted) tell(sender, share, Math.min(target, share.inForce + free));
    }
    return told;
  }

  /** Evenly, what is left over to those that came first. */
  #targets(): (readonly [sender: string, share: Share, target: number])[] {
    const connected = [...this.#shares].filter(([, { connected: isConnected }]) => isConnected);
    const part = Math.floor(this.most / Math.max(1, connected.length));
    const left = this.most - part * connected.length;
    return connected.map(([sender, share], place) => [sender, share, part + (place < left ? 1 : 0)] as const);
  }
}
