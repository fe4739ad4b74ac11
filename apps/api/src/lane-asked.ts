import { didYouMean } from '@posthaste/config';
import type { Lane as BaseLane, LaneTable, NamedLane } from '@posthaste/core';
import { Lane } from '@posthaste/protocol';
import { refuseFields } from './refusal/refusal.ts';

export const wireLanes: Readonly<Record<BaseLane, Lane>> = { immediate: Lane.IMMEDIATE, high: Lane.HIGH, normal: Lane.NORMAL, low: Lane.LOW };

/** As a request names a lane: by number, by name, or by both. */
export interface LaneFields {
  readonly lane: Lane;
  readonly laneName: string;
}

const nothing: LaneFields = { lane: Lane.UNSPECIFIED, laneName: '' };

/** The lane that a request names; undefined when it names none. Throws INVALID_FIELD. `path`: of the message that the fields stand in, with its dot. */
export function laneAsked({ lane, laneName }: LaneFields, lanes: LaneTable, path = ''): NamedLane | undefined {
  const byNumber = lane === Lane.UNSPECIFIED ? undefined : lanes.all.find(({ name, base }) => name === base && wireLanes[base] === lane);
  if (laneName === '') return byNumber;
  const named = knownLane(laneName, lanes, `${path}lane_name`);
  if (byNumber && byNumber !== named && byNumber.name !== named.base) {
    const description = `is ${byNumber.name}, and lane_name is ${laneName}, whose base is ${named.base}; expected ${named.base}, or none`;
    throw refuseFields([{ field: `${path}lane`, description }]);
  }
  return named;
}

/** By its name. Throws INVALID_FIELD. */
export function knownLane(name: string, lanes: LaneTable, field: string): NamedLane {
  const { names } = lanes;
  const named = lanes.named(name);
  if (named) return named;
  throw refuseFields([{ field, description: `is '${name}'; expected one of ${names.join(', ')}${didYouMean(name, names)}` }]);
}

/** As an answer names a lane, which may be configured no more. */
export function laneFields(name: string, lanes: LaneTable): LaneFields {
  const base = lanes.named(name)?.base;
  return name === '' ? nothing : { lane: base ? wireLanes[base] : Lane.UNSPECIFIED, laneName: name };
}
