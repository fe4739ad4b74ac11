import { Lane } from '@posthaste/protocol';
import { valueOf, type GivenWord } from '../word.ts';
import { refusalError } from './refusal.ts';

export interface FakeLane {
  /** Of a further lane its base. */
  readonly lane: Lane;
  readonly laneName: string;
}

/** Further lanes by name, each with its base. */
export type FurtherLanes = Readonly<Record<string, GivenWord<typeof Lane>>>;

/** The four lanes, and after them those that the test has added. */
export class FakeLanes {
  readonly all: readonly FakeLane[];

  constructor(further: FurtherLanes = {}) {
    const four = ['immediate', 'high', 'normal', 'low'].map((name) => [name, name] as const);
    this.all = [...four, ...Object.entries(further)].map(([laneName, base]) => ({ lane: valueOf(Lane, base) ?? Lane.NORMAL, laneName }));
  }

  /** The one that a request names. Throws INVALID_FIELD. */
  asked({ lane, laneName }: FakeLane): FakeLane {
    if (laneName === '') return this.#byNumber(lane || Lane.NORMAL);
    const named = this.all.find((each) => each.laneName === laneName);
    if (!named) throw wrong('lane_name', `is '${laneName}'; expected one of ${this.all.map((each) => each.laneName).join(', ')}`);
    if (lane !== Lane.UNSPECIFIED && lane !== named.lane) throw wrong('lane', `is not the base of ${laneName}`);
    return named;
  }

  #byNumber(lane: Lane): FakeLane {
    return this.all.find((each) => each.lane === lane) as FakeLane;
  }
}

function wrong(field: string, description: string) {
  return refusalError({ code: 'INVALID_FIELD', sentence: `${field}: ${description}`, fields: [{ field, description }] });
}
