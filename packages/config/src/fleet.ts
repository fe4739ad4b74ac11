import type { FleetPolicy } from '@posthaste/core';
import { calendarSetting } from './calendar.ts';
import { laneTableOf, type orderSettings } from './order.ts';
import type { Values } from './schema.ts';
import { setting } from './setting.ts';

/** For the program that says how many senders are needed. */
export const fleetSettings = {
  'fleet.bulkWithin': setting.duration({
    default: '1h',
    min: '1m',
    doc: 'Senders are needed for mail of lanes without a target as if all that waits should be gone in this time.',
  }),
  'fleet.lookAhead': setting.duration({ default: '10m', doc: 'How long before an entry of the calendar its senders are asked for.' }),
  calendar: calendarSetting,
};

/** The settings as the core takes them. */
export function fleetPolicyOf(values: Values<typeof fleetSettings & typeof orderSettings>): FleetPolicy {
  return {
    lanes: laneTableOf(values),
    bulkWithinMs: values['fleet.bulkWithin'],
    calendar: values.calendar,
    lookAheadMs: values['fleet.lookAhead'],
  };
}
