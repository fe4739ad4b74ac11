import { isLane, lanes } from '@posthaste/core/lane';
import type { FurtherLane } from '@posthaste/core/lane-table';
import { didYouMean } from './nearest.ts';
import { formatDuration, parseDuration, type Parsed, type PartFault, refused, refusedParts, taken } from './quantity.ts';
import { define, isMapping, isScalar, parseMap, type Setting, type SettingOptions } from './setting.ts';

const mostFurther = 12;

/** What is left over is what lets urgent mail overtake: shares that come to a whole would make the lanes a plain rota. */
export const mostShares = 90;

const laneName = /^[a-z][a-z0-9-]{0,31}$/;
const nameForm = 'names of at most 32 lower case letters, digits and hyphens, with a letter first';
const lineForm = 'a base and what differs from it, such as: high target:1m share:10 inDoubt:hold';

/** For the programs that decide what goes when, and for the doors, which take mail for these lanes. */
export const furtherLaneSettings = {
  'lanes.further': {
    ...define(
      {
        default: {},
        doc:
          'Lanes beside the four, at most 12: name=base target:1m share:10 inDoubt:hold. The base is one of the four: there its mail is stored, as that urgent it counts for maxLane, and that is what it is again ' +
          "when it is taken out of here. A target or inDoubt not given is the base's, a share not given 5. The target says where it stands among the other lanes. To be the same for relay, api and scheduler.",
      },
      { kind: 'map of lane=base and rules', parse: parseFurther, show: (all: readonly FurtherLane[]) => all.map(showFurther).join(',') },
    ),
    settle: checkSum,
  } satisfies Setting<readonly FurtherLane[]>,
};

function parseFurther(input: unknown): Parsed<readonly FurtherLane[]> {
  const mapping = isMapping(input) ? input : mapOf(input);
  if (!mapping) return refused(`a map: wedding-day=high target:1m, or a YAML mapping of names to ${lineForm}, or to base, target, share and inDoubt`);
  const faults: PartFault[] = [];
  const all = Object.entries(mapping).map(([name, said]) => {
    const lane = readFurther(name, said);
    if (lane.kind === 'refused') faults.push({ part: name, problem: `expected ${lane.expected}` });
    return lane;
  });
  if (all.length > mostFurther) faults.push({ part: '', problem: `came ${all.length} lanes, expected at most ${mostFurther}` });
  if (faults.length > 0) return refusedParts('a map of further lanes', faults);
  return taken(all.flatMap((lane) => (lane.kind === 'value' ? [lane.value] : [])));
}

function mapOf(input: unknown): Readonly<Record<string, unknown>> | undefined {
  const map = parseMap(input ?? '');
  return map.kind === 'value' ? map.value : undefined;
}

function readFurther(name: string, said: unknown): Parsed<FurtherLane> {
  if (isLane(name))
    return refused(`names other than ${lanes.join(', ')}, which there are anyway: lanes.shares, lanes.targets and lanes.inDoubt are for them`);
  if (!laneName.test(name)) return refused(`${nameForm}, instead of '${name}'`);
  const parts = isMapping(said) ? said : isScalar(said) ? partsOf(String(said)) : undefined;
  return parts ? readParts(name, parts) : refused(`${lineForm}, or a mapping of base, target, share and inDoubt`);
}

/** `high target:1m share:10`. */
function partsOf(line: string): Readonly<Record<string, string>> | undefined {
  const [base = '', ...words] = line.trim().split(/\s+/);
  const pairs = words.map((word) => /^([A-Za-z]+):(\S+)$/.exec(word)?.slice(1) as [string, string] | undefined);
  const whole = pairs.filter((pair) => pair !== undefined);
  return whole.length === pairs.length ? { base, ...Object.fromEntries(whole) } : undefined;
}

function readParts(name: string, said: Readonly<Record<string, unknown>>): Parsed<FurtherLane> {
  const { base, target, share, inDoubt, ...others } = said;
  const stranger = Object.keys(others)[0];
  if (stranger !== undefined)
    return refused(`base, target, share and inDoubt, instead of ${stranger}${didYouMean(stranger, ['base', 'target', 'share', 'inDoubt'])}`);
  if (typeof base !== 'string' || !isLane(base)) return refused(`a base of ${lanes.join(', ')}, instead of '${textOf(base)}'`);
  const rules = [readTarget(target), readShare(share), readDoubt(inDoubt)];
  const wrong = rules.find((rule) => rule.kind === 'refused');
  if (wrong) return wrong;
  return taken(Object.assign({ name, base }, ...rules.map((rule) => (rule.kind === 'value' ? rule.value : {}))) as FurtherLane);
}

type Rule = Parsed<Partial<FurtherLane>>;

function readTarget(target: unknown): Rule {
  if (target === undefined) return taken({});
  const parsed = parseTarget(textOf(target));
  return parsed.kind === 'value' ? taken({ targetMs: parsed.value }) : refused(`a target of ${parsed.expected}, instead of '${textOf(target)}'`);
}

function readShare(share: unknown): Rule {
  if (share === undefined) return taken({});
  const text = textOf(share);
  const isPercent = /^\d{1,3}$/.test(text) && Number(text) <= mostShares;
  return isPercent ? taken({ share: Number(text) / 100 }) : refused(`a share of whole percent from 0 to ${mostShares}, instead of '${text}'`);
}

function readDoubt(inDoubt: unknown): Rule {
  if (inDoubt === undefined) return taken({});
  if (inDoubt === 'retry' || inDoubt === 'hold' || inDoubt === 'sent') return taken({ inDoubt });
  return refused(`inDoubt of retry, hold or sent, instead of '${textOf(inDoubt)}'`);
}

function textOf(said: unknown): string {
  return isScalar(said) ? String(said) : JSON.stringify(said ?? '');
}

/** How soon a lane's mail should be begun. */
export function parseTarget(text: string): Parsed<number> {
  if (text === 'none') return taken(Infinity);
  const parsed = parseDuration(text);
  return parsed.kind === 'value' && parsed.value > 0 ? parsed : refused('a duration above 0s, such as 30s, or none');
}

export function showTarget(ms: number): string {
  return ms === Infinity ? 'none' : formatDuration(ms);
}

function showFurther({ name, base, targetMs, share, inDoubt }: FurtherLane): string {
  const rules = [
    targetMs === undefined ? '' : ` target:${showTarget(targetMs)}`,
    share === undefined ? '' : ` share:${percentOf(share)}`,
    inDoubt === undefined ? '' : ` inDoubt:${inDoubt}`,
  ];
  return `${name}=${base}${rules.join('')}`;
}

const usualShare = 5;

function percentOf(share: number | undefined): number {
  return share === undefined ? usualShare : Math.round(share * 100);
}

/** The doors have no shares of the four: there is nothing to add up for them. */
function checkSum(further: readonly FurtherLane[] = [], others: Readonly<Record<string, unknown>>): Parsed<readonly FurtherLane[]> {
  const four = Object.values((others['lanes.shares'] ?? {}) as Readonly<Record<string, number>>);
  const sum = [...four, ...further.map(({ share }) => percentOf(share))].reduce((total, percent) => total + percent, 0);
  return sum <= mostShares ? taken(further) : refused(`shares of at most ${mostShares} percent together with lanes.shares, instead of ${sum}`);
}

/** The first of these lanes that there is not, and what there is; undefined: all are known, or this program does not know the further ones. */
export function strayLane(
  named: readonly string[],
  others: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly choices: string } | undefined {
  const further = others['lanes.further'] as readonly FurtherLane[] | undefined;
  const names: string[] = [...lanes, ...(further ?? []).map(({ name }) => name)];
  const name = named.find((each) => (further === undefined ? !laneName.test(each) : !names.includes(each)));
  return name === undefined ? undefined : { name, choices: `${names.join(', ')}${didYouMean(name, names)}` };
}

/** The name of a lane, one of the four or a further one. */
export function laneSetting<const O extends SettingOptions<string>>(options: O) {
  const parse = (input: unknown) =>
    typeof input === 'string' && laneName.test(input) ? taken(input) : refused(`one of ${lanes.join(', ')}, or a lane of lanes.further`);
  const settle = (lane: string | undefined, others: Readonly<Record<string, unknown>>) => {
    const stray = lane === undefined ? undefined : strayLane([lane], others);
    return stray ? refused(`one of ${stray.choices} instead of '${stray.name}'`) : taken(lane);
  };
  return { ...define<string, O>(options, { kind: 'name of a lane', parse, show: String }), settle } as Setting<
    O extends { optional: true } ? string | undefined : string
  >;
}

/** Whether a lane could have this name: whether there is one is known when all settings are. */
export function isLaneName(word: string): boolean {
  return laneName.test(word);
}
