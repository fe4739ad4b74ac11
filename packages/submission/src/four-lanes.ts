import { LaneTable } from '@posthaste/core';

/** Where no further ones are configured. */
export const fourLanes = new LaneTable();
