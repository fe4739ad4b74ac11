import { expect, it } from 'vitest';
import { fleetPolicyOf, fleetSettings } from './fleet.ts';
import { type Config, ConfigError, loadConfig } from './load.ts';
import { orderSettings } from './order.ts';

const schema = { ...fleetSettings, ...orderSettings };

function load(env: Record<string, string> = {}, file = ''): Config<typeof schema> {
  return loadConfig(schema, { argv: ['--config=x.yaml'], env, readFile: () => file });
}

const saturday = { days: [6], fromMinute: 960, toMinute: 1_080, timeZone: 'Europe/Amsterdam', multiplier: 4, freeze: true };

function faultOf(calendar: string): string {
  try {
    load({ POSTHASTE_CALENDAR: calendar });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.join('\n');
  }
  return '';
}

it('is read from a file and from the environment alike, and shown as it is written there', () => {
  const file = `calendar:
  - { days: sat, from: 16:00, to: 18:00, timeZone: Europe/Amsterdam, multiplier: 4, freeze: true }
  - days: mon-fri,2026-12-24
    multiplier: 1.5
`;
  const fromFile = load({}, file);
  expect(fromFile.values.calendar).toEqual([
    saturday,
    { days: [1, 2, 3, 4, 5, '2026-12-24'], fromMinute: 0, toMinute: 1_440, timeZone: 'UTC', multiplier: 1.5, freeze: false },
  ]);
  const shown = /calendar +(.*?) +\(file/.exec(fromFile.describe())?.[1] ?? '';
  expect(load({ POSTHASTE_CALENDAR: shown }).values.calendar).toEqual(fromFile.values.calendar);
});

it('lets a span of days go over the end of the week', () => {
  expect(load({ POSTHASTE_CALENDAR: 'days=sat-mon freeze=true' }).values.calendar[0]?.days).toEqual([6, 7, 1]);
});

it.each([
  ['days=someday multiplier=2', 'days of mon to sun'],
  ['days=2026-02-30 multiplier=2', 'days of mon to sun'],
  ['from=24:30 multiplier=2', '00:00 to 24:00'],
  ['from=10:00 to=10:00 multiplier=2', 'a to other than from'],
  ['timeZone=Mars/Olympus multiplier=2', 'IANA name'],
  ['multiplier=0.5', 'from 1 to 100'],
  ['multiplier=2 freeze=maybe', 'freeze=true or freeze=false'],
  ['days=sat', 'it would do nothing'],
  ['timezone=UTC multiplier=2', "instead of 'timezone' (did you mean timeZone?)"],
])('refuses %s and says what was expected', (entry, expected) => {
  expect(faultOf(entry)).toContain(expected);
});

it('makes the policy of the fleet', () => {
  const policy = fleetPolicyOf(load({ POSTHASTE_FLEET_BULK_WITHIN: '2h', POSTHASTE_LANES_TARGETS: 'high=1m' }).values);
  expect(policy.lanes.named('high')?.targetMs).toBe(60_000);
  expect(policy).toMatchObject({
    bulkWithinMs: 7_200_000,
    lookAheadMs: 600_000,
    calendar: [],
  });
});
