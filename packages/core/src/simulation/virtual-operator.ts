import type { Command, Verb } from '../operation/command.ts';
import type { MailMatch, Selector } from '../operation/selector.ts';
import type { Suspension } from '../operation/suspension.ts';
import { type LaneTable, type NamedLane } from '../lane-table.ts';
import type { Random } from './random.ts';

const verbKinds = [
  'hold',
  'release',
  'cancel',
  'retry',
  'reschedule',
  'changeLane',
  'move',
  'revive',
  'purge',
] as const satisfies readonly Verb['kind'][];

/** An operator who steps in at any time, with more zeal than sense. Each has habits: one throws everything away, another one revives it again and again. */
export class VirtualOperator {
  readonly #random: Random;
  readonly #destinations: readonly string[];
  readonly #lanes: LaneTable;
  readonly #habits: readonly (readonly [weight: number, kind: Verb['kind']])[];

  /** `destinations`: upstreams and groups, which mail is moved to. */
  constructor(random: Random, destinations: readonly string[], lanes: LaneTable) {
    this.#random = random;
    this.#destinations = destinations;
    this.#lanes = lanes;
    this.#habits = verbKinds.map((kind) => [random.pick([1, 2, 8]) ?? 1, kind]);
  }

  command(wall: number): Command {
    const verb = this.#verb(wall);
    return this.commandTo(verb, verb.kind === 'revive' || verb.kind === 'purge' ? this.#ofDeadLetters() : this.#selector(), wall);
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
    const kind = random.weighted(this.#habits) ?? 'release';
    switch (kind) {
      case 'reschedule':
        return { kind, due: wall + random.between(-1_000, 30_000) };
      case 'changeLane':
        return { kind, ...(random.pick(this.#lanes.all) as NamedLane).written };
      case 'move':
        return { kind, upstream: random.pick(this.#destinations) ?? '' };
      default:
        return { kind };
    }
  }

  #ofDeadLetters(): Selector {
    return this.#random.chance(0.5) ? {} : this.#match();
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
