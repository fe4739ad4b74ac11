import { Lane } from '@posthaste/protocol';
import { invalidField } from './posthaste-error.ts';
import { valueOf, wordOf, type GivenWord } from './word.ts';

/** How urgent: `immediate` (someone waits for it now), `high`, `normal`, `low` (bulk), or the name of a further lane that the server's operator has configured. */
export type LaneName = GivenWord<typeof Lane> | (string & {});

interface LaneFields {
  readonly lane: Lane;
  readonly laneName: string;
}

/** As a request says it: the four by number. Which further lanes there are, the server knows. Throws INVALID_FIELD for what can be no lane. */
export function laneFields(field: string, name: string): LaneFields {
  const lane = valueOf(Lane, name);
  if (lane !== undefined) return { lane, laneName: '' };
  if (/^[a-z0-9-]{1,32}$/.test(name) && name !== 'unspecified') return { lane: Lane.UNSPECIFIED, laneName: name };
  throw invalidField(field, `${JSON.stringify(name)} is no lane; expected immediate, high, normal, low, or the name of a further lane`);
}

/** What an answer says. A server that knows no names says the number alone. */
export function laneNameOf({ lane, laneName }: LaneFields): LaneName {
  return laneName === '' ? wordOf(Lane, lane) : laneName;
}
