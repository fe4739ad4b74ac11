import type { Command, Verb } from '../operation/command.ts';
import type { MailMatch, Selector } from '../operation/selector.ts';
import type { Suspension } from '../operation/suspension.ts';
import { type LaneTable, type NamedLane } from '../lane-table.ts';
import type { Random } from './random.ts';

/** An operator who steps in at any time, with more zeal than sense. */
export class VirtualOperator {
  readonly #random: Random;
  readonly #upstreams: readonly string[];
  readonly #lanes: LaneTable;

  constructor(random: Random, upstreams: readonly string[], lanes: LaneTable) {
    this.#random = random;
    this.#upstreams = upstreams;
    this.#lanes = lanes;
  }

  command(wall: number): Command {
    return this.commandTo(this.#verb(wall), this.#selector(), wall);
  }

  commandTo(verb: Verb, selector: Selector, wall: number): Command {
    return { id: this.#random.id(), verb, selector, by: { author: 'kim', comment: '', at: wall } };
  }

  suspension(wall: number): Suspension {
    const by = { author: 'kim', comment: '', at: wall };
    const expires = this.#random.chance(0.5) ? { expires: wall + this.#random.between(1, 30_000) } : {};
    return { id: this.#random.id(), match: this.#match(), by, ...expires };
  }

  #verb(wall: number): Verb {
    const random = this.#random;
    const verbs: readonly Verb[] = [
      { kind: 'hold' },
      { kind: 'release' },
      { kind: 'release' },
      { kind: 'cancel' },
      { kind: 'retry' },
      { kind: 'reschedule', due: wall + random.between(-1_000, 30_000) },
      { kind: 'changeLane', ...(random.pick(this.#lanes.all) as NamedLane).written },
      { kind: 'move', upstream: random.pick(this.#upstreams) ?? '' },
      { kind: 'revive' },
      { kind: 'revive' },
      { kind: 'purge' },
    ];
    return random.pick(verbs) ?? { kind: 'release' };
  }

  #selector(): Selector {
    const state = this.#random.pick(['queued', 'held', 'sending'] as const);
    return this.#random.chance(0.3) && state ? { state } : this.#match();
  }

  #match(): MailMatch {
    const tenant = this.#random.pick(['acme', 'globex']) ?? '';
    const domain = this.#random.pick(['main.example', 'other.example']) ?? '';
    return this.#random.pick<MailMatch>([{ tenant }, { domain }, { tenant, domain }]) ?? {};
  }
}
