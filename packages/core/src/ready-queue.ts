import { Heap } from './heap.ts';
import { lanes, type Lane } from './lane.ts';
import { LaneTurn, type LaneShares } from './lane-turn.ts';
import type { Mail } from './mail.ts';

/** The mail that is ready for one upstream: by lane, in a lane by tenant in turn, for a tenant by deadline and then by arrival. */
export class ReadyQueue {
  readonly #turn: LaneTurn;
  readonly #lanes: Readonly<Record<Lane, TenantsInTurn>>;

  constructor(shares: LaneShares) {
    this.#turn = new LaneTurn(shares);
    this.#lanes = Object.fromEntries(lanes.map((lane) => [lane, new TenantsInTurn()])) as unknown as Record<Lane, TenantsInTurn>;
  }

  get size(): number {
    return lanes.reduce((sum, lane) => sum + this.#lanes[lane].size, 0);
  }

  push(mail: Mail): void {
    this.#lanes[mail.ticket.lane].push(mail);
  }

  /** The mail that goes next. It may have become unfit while it stood here (expired, for example): whoever takes it looks. */
  pop(): Mail | undefined {
    const lane = this.#turn.next((candidate) => this.#lanes[candidate].size > 0);
    return lane && this.#lanes[lane].pop();
  }
}

class TenantsInTurn {
  size = 0;
  readonly #queues = new Map<string, Heap<Mail>>();

  push(mail: Mail): void {
    const { tenant } = mail.ticket;
    let queue = this.#queues.get(tenant);
    if (!queue) this.#queues.set(tenant, (queue = new Heap(goesBefore)));
    queue.push(mail);
    this.size += 1;
  }

  pop(): Mail | undefined {
    const first = this.#queues.entries().next().value;
    if (!first) return undefined;
    const [tenant, queue] = first;
    const mail = queue.pop();
    // A Map keeps the order of insertion: whoever was served goes to its end.
    this.#queues.delete(tenant);
    if (queue.size > 0) this.#queues.set(tenant, queue);
    this.size -= 1;
    return mail;
  }
}

function goesBefore(a: Mail, b: Mail): boolean {
  const first = a.ticket.deadline ?? Infinity;
  const second = b.ticket.deadline ?? Infinity;
  return first === second ? a.order < b.order : first < second;
}
