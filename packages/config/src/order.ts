import type { DoubtPolicy } from '@posthaste/core';
import { type Lane, lanes } from '@posthaste/core/lane';
import { LaneTable } from '@posthaste/core/lane-table';
import { furtherLaneSettings, mostShares, parseTarget, showTarget } from './further-lanes.ts';
import { type Parsed, refused, taken } from './quantity.ts';
import type { Values } from './schema.ts';
import { define, parseMap } from './setting.ts';

type PerLane<T = number> = Readonly<Record<Lane, T>>;

const defaultShares: PerLane = { immediate: 0, high: 20, normal: 10, low: 5 };
const defaultDoubts: PerLane<DoubtPolicy> = { immediate: 'retry', high: 'retry', normal: 'retry', low: 'retry' };
const defaultTargets: PerLane = { immediate: 30_000, high: 120_000, normal: 300_000, low: Infinity };

const mostWeight = 1_000;

/** For the program that decides what goes when. */
export const orderSettings = {
  ...furtherLaneSettings,
  'lanes.shares': define(
    {
      default: 'immediate=0,high=20,normal=10,low=5',
      doc: "Percent of an upstream's dispatches that a lane is sure of while it has mail ready, whatever more urgent mail waits; together at most 90. A lane not named keeps its default.",
    },
    { kind: 'map of lane=percent', parse: parseShares, show: (shares: PerLane) => showLanes(shares, String) },
  ),
  'lanes.targets': define(
    {
      default: 'immediate=30s,high=2m,normal=5m,low=none',
      doc: 'How soon a mail of the lane should be begun after its acceptance or due time, or none: what is past it is counted in posthaste_late, and inside a tenant what should be begun first goes first. A lane not named keeps its default.',
    },
    { kind: 'map of lane=duration', parse: parseTargets, show: (targets: PerLane) => showLanes(targets, showTarget) },
  ),
  'lanes.inDoubt': define(
    {
      default: 'immediate=retry,high=retry,normal=retry,low=retry',
      doc: 'What becomes of mail that may have been delivered (its final reply was lost): retry, perhaps twice; hold, until an operator releases or cancels it; sent, taken as delivered. A lane not named keeps retry.',
    },
    { kind: 'map of lane=retry|hold|sent', parse: parseDoubts, show: (policies: PerLane<DoubtPolicy>) => showLanes(policies, String) },
  ),
  'tenants.weights': define(
    {
      default: {},
      doc: 'How many times as many recipients as others a tenant is served while others of the same lane wait too: tenant=weight, 1 to 1000; 1 for a tenant that is not named.',
    },
    {
      kind: 'map of tenant=weight',
      parse: parseWeights,
      show: (weights: ReadonlyMap<string, number>) => [...weights].map((pair) => pair.join('=')).join(','),
    },
  ),
};

/** All lanes, with the rules that the settings give them. */
export function laneTableOf(values: Pick<Values<typeof orderSettings>, `lanes.${string}` & keyof typeof orderSettings>): LaneTable {
  const [shares, targets, doubts] = [values['lanes.shares'], values['lanes.targets'], values['lanes.inDoubt']];
  const rulesOf = (lane: Lane) => ({ share: shares[lane] / 100, targetMs: targets[lane], inDoubt: doubts[lane] });
  return new LaneTable(values['lanes.further'], Object.fromEntries(lanes.map((lane) => [lane, rulesOf(lane)])));
}

function parseShares(input: unknown): Parsed<PerLane> {
  const shares = parseLanes(input, defaultShares, parsePercent);
  if (shares.kind === 'refused') return shares;
  const sum = lanes.reduce((total, lane) => total + shares.value[lane], 0);
  return sum <= mostShares ? shares : refused(`shares of at most ${mostShares} percent together, instead of ${sum}`);
}

function parseTargets(input: unknown): Parsed<PerLane> {
  return parseLanes(input, defaultTargets, parseTarget);
}

function parseDoubts(input: unknown): Parsed<PerLane<DoubtPolicy>> {
  return parseLanes<DoubtPolicy>(input, defaultDoubts, (text) =>
    text === 'retry' || text === 'hold' || text === 'sent' ? taken(text) : refused('retry, hold or sent'),
  );
}

/** A map of lanes over the defaults, each value by `parse`. */
function parseLanes<T>(input: unknown, defaults: PerLane<T>, parse: (text: string) => Parsed<T>): Parsed<PerLane<T>> {
  const map = parseMap(input);
  if (map.kind === 'refused') return map;
  const parsed: Record<string, T> = { ...defaults };
  for (const [name, text] of Object.entries(map.value)) {
    if (!lanes.some((lane) => lane === name))
      return refused(`lanes of ${lanes.join(', ')} instead of '${name}' (what holds for a further lane stands in lanes.further)`);
    const value = parse(text);
    if (value.kind === 'refused') return refused(`${value.expected} for lane ${name} instead of '${text}'`);
    parsed[name] = value.value;
  }
  return taken(parsed as unknown as PerLane<T>);
}

function parsePercent(text: string): Parsed<number> {
  return isWhole(text, 0, mostShares) ? taken(Number(text)) : refused(`whole percent from 0 to ${mostShares}`);
}

/** As the doors take tenants. */
const tenantName = /^[A-Za-z0-9_-]{1,64}$/;

function parseWeights(input: unknown): Parsed<ReadonlyMap<string, number>> {
  const map = parseMap(input);
  if (map.kind === 'refused') return map;
  const entries = Object.entries(map.value);
  const stranger = entries.find(([name]) => !tenantName.test(name));
  if (stranger) return refused(`tenants of 1 to 64 letters, digits, - or _ instead of '${stranger[0]}'`);
  const wrong = entries.find(([, text]) => !isWhole(text, 1, mostWeight));
  if (wrong) return refused(`a whole weight from 1 to ${mostWeight} for tenant ${wrong[0]} instead of '${wrong[1]}'`);
  return taken(new Map(entries.map(([name, text]) => [name, Number(text)])));
}

function isWhole(text: string, least: number, most: number): boolean {
  return /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
}

function showLanes<T>(values: PerLane<T>, show: (value: T) => string): string {
  return lanes.map((lane) => `${lane}=${show(values[lane])}`).join(',');
}
