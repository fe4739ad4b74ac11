import { Lane } from '@posthaste/protocol';
import { valueOf, wordOf, type GivenWord } from '../word.ts';
import { refuseFields } from './refusal.ts';

export interface FakeLane {
  /** Of a further lane its base. */
  readonly lane: Lane;
  readonly laneName: string;
}

/** Further lanes by name, each with its base. */
export type FurtherLanes = Readonly<Record<string, GivenWord<typeof Lane>>>;

/** The four lanes, and behind each those that the test has added to it: there a server has further lanes without targets of their own. */
export class FakeLanes {
  readonly all: readonly FakeLane[];

  constructor(further: FurtherLanes = {}) {
    const added = Object.entries(further).map(([laneName, base]) => ({ lane: valueOf(Lane, base) ?? Lane.NORMAL, laneName }));
    this.all = [Lane.IMMEDIATE, Lane.HIGH, Lane.NORMAL, Lane.LOW].flatMap((lane) => [
      { lane, laneName: wordOf(Lane, lane) },
      ...added.filter((each) => each.lane === lane),
    ]);
  }

  /** The one that a request names; none means `normal`. Throws INVALID_FIELD. */
  asked({ lane, laneName }: FakeLane): FakeLane {
    return laneName === '' ? this.#byNumber(lane || Lane.NORMAL) : this.#named({ lane, laneName }, '');
  }

  /** Throws INVALID_FIELD when one of the names is no lane's. */
  check(laneNames: readonly string[]): void {
    laneNames.forEach((laneName, index) => {
      if (!this.#find(laneName)) throw this.#unknown(`lane_names[${index}]`, laneName);
    });
  }

  /** A filter with its lane by number and by name, as answers say it; one that names none as it is. `path`: of the filter in the request, with its dot. Throws INVALID_FIELD. */
  completed<F extends FakeLane>(filter: F, path = ''): F {
    if (filter.laneName !== '') return { ...filter, ...this.#named(filter, path) };
    return filter.lane === Lane.UNSPECIFIED ? filter : { ...filter, ...this.#byNumber(filter.lane) };
  }

  #named({ lane, laneName }: FakeLane, path: string): FakeLane {
    const named = this.#find(laneName);
    if (!named) throw this.#unknown(`${path}lane_name`, laneName);
    if (lane !== Lane.UNSPECIFIED && lane !== named.lane) throw wrong(`${path}lane`, `is not the base of ${laneName}`);
    return named;
  }

  #find(laneName: string): FakeLane | undefined {
    return this.all.find((each) => each.laneName === laneName);
  }

  #unknown(field: string, laneName: string) {
    return wrong(field, `is '${laneName}'; expected one of ${this.all.map((each) => each.laneName).join(', ')}`);
  }

  #byNumber(lane: Lane): FakeLane {
    return this.all.find((each) => each.lane === lane) as FakeLane;
  }
}

function wrong(field: string, description: string) {
  return refuseFields([{ field, description }]);
}
