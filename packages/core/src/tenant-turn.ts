import { Heap } from './heap.ts';
import type { Mail } from './mail.ts';

/** How many times as much as others a tenant is given while others wait too; 1 for one that is not named. */
export type TenantWeights = ReadonlyMap<string, number>;

/** The mail of one tenant, by the time when it should be begun and then by arrival. */
interface Line {
  readonly tenant: string;
  readonly weight: number;
  readonly mails: Heap<Mail>;
}

/**
 * The mail of one lane that is ready for one upstream. Tenants share by weight: start-time fair queueing. Each tenant has a start, in a time
 * that only serving moves; the least start is served, pays recipients / weight, and sets the time. A tenant that comes starts at the time, so
 * having been idle earns nothing. One that runs out of mail keeps its start until the time has come up to it, so leaving and coming back
 * earns nothing either. Equal starts are served in turn.
 */
export class TenantTurn {
  /** Mails. */
  size = 0;
  readonly #weights: TenantWeights;
  readonly #lines = new Map<string, Line>();
  readonly #starts = new Heap<Line>();
  #time = 0;
  #turns = 0;

  constructor(weights: TenantWeights) {
    this.#weights = weights;
  }

  push(mail: Mail, startBy: number): void {
    const { tenant } = mail.ticket;
    const line = this.#lines.get(tenant) ?? this.#join(tenant);
    line.mails.push(mail, startBy, mail.order);
    this.size += 1;
  }

  /** The tenant stays at its turn until a mail of it is charged. */
  pop(): Mail | undefined {
    for (let line = this.#starts.peek(); line; line = this.#starts.peek()) {
      const mail = line.mails.pop();
      if (mail) {
        this.#time = this.#starts.leastKey;
        this.size -= 1;
        return mail;
      }
      this.#starts.pop();
      this.#lines.delete(line.tenant);
    }
    return undefined;
  }

  /** The mail that came last is sent to so many recipients. */
  charge(recipients: number): void {
    const line = this.#starts.peek();
    if (!line) return;
    if (this.size === 0) this.#settle(line);
    else this.#starts.replaceTop(this.#time + recipients / line.weight, (this.#turns += 1));
  }

  /** Nobody waits: what was sent meanwhile was at nobody's cost. The last line stays, for the usual case of one tenant alone. */
  #settle(line: Line): void {
    this.#time = 0;
    if (this.#starts.size === 1) return this.#starts.replaceTop(0, 0);
    this.#starts.clear();
    this.#lines.clear();
    this.#lines.set(line.tenant, line);
    this.#starts.push(line, 0, 0);
  }

  /**
   * Mails of the lane that are thought to go before this one: those of its tenant that are before it, and of each other tenant as many as its weight
   * lets go meanwhile. Undefined when it does not stand here.
   */
  ahead(mail: Mail): number | undefined {
    const own = this.#lines.get(mail.ticket.tenant);
    const before = own?.mails.countBefore(mail);
    if (!own || before === undefined) return undefined;
    let ahead = before;
    for (const line of this.#lines.values()) {
      if (line !== own) ahead += Math.min(line.mails.size, Math.ceil((before * line.weight) / own.weight));
    }
    return ahead;
  }

  #join(tenant: string): Line {
    const line: Line = { tenant, weight: this.#weights.get(tenant) ?? 1, mails: new Heap() };
    this.#lines.set(tenant, line);
    this.#starts.push(line, this.#time, (this.#turns += 1));
    return line;
  }
}
