import type { GroupMember, UpstreamGroup } from '@posthaste/core/upstream-rules';
import { type Parsed, type PartFault, refused, refusedParts, taken } from '../quantity.ts';
import { define, isMapping, isScalar, parseMap, type Setting } from '../setting.ts';
import { nameForm, upstreamName } from './parse.ts';

export const groups: Setting<readonly UpstreamGroup[]> = {
  ...define(
    {
      default: {},
      doc:
        'Upstreams that stand in for each other, for routes to lead to: name=a*3+b>c. The first ones, joined by +, share the mail by the weights behind *; those behind > take over while ' +
        'none of them can be used, or also while they are at their limits with " overflow" at the end.',
    },
    { kind: 'map of name=members', parse: parseGroups, show: (all: readonly UpstreamGroup[]) => all.map(showGroup).join(',') },
  ),
  settle: settleGroups,
};

function parseGroups(input: unknown): Parsed<readonly UpstreamGroup[]> {
  const mapping = isMapping(input) ? input : mapOf(input);
  if (!mapping) return refused('a map: name=a*3+b>c, or a YAML mapping of names to such texts or to members and overflow');
  const faults: PartFault[] = [];
  const all = Object.entries(mapping).map(([name, said]) => {
    if (!upstreamName.test(name)) faults.push({ part: '', problem: `expected ${nameForm}, instead of '${name}'` });
    const group = isScalar(said) ? readLine(name, String(said)) : readMapping(name, said);
    if (group.kind === 'refused') faults.push({ part: name, problem: `expected ${group.expected}` });
    return group;
  });
  if (faults.length > 0) return refusedParts('a map of groups', faults);
  return taken(all.flatMap((group) => (group.kind === 'value' ? [group.value] : [])));
}

function mapOf(input: unknown): Readonly<Record<string, unknown>> | undefined {
  const map = parseMap(input ?? '');
  return map.kind === 'value' ? map.value : undefined;
}

const lineForm = 'members such as a*3+b>c, with " overflow" behind them where it is meant';

/** `a*3+b>c overflow`. */
function readLine(name: string, line: string): Parsed<UpstreamGroup> {
  const [, text = '', overflow] = /^\s*(.*?)(\s+overflow)?\s*$/.exec(line) ?? [];
  const members = text.split('>').flatMap((level, priority) => level.split('+').map((member) => readMember(member.trim(), priority)));
  const known = members.filter((member) => member !== undefined);
  if (/\*\s*(?:0+|\d{4,})(?!\d)/.test(text.replaceAll(`*${mostWeight}`, ''))) return refused(`${weightForm} behind *, instead of '${line}'`);
  return known.length < members.length ? refused(`${lineForm}, instead of '${line}'`) : groupOf(name, known, overflow !== undefined);
}

const mostWeight = 1_000;
const weightForm = `a whole weight from 1 to ${mostWeight}`;

function readMember(text: string, priority: number): GroupMember | undefined {
  const [, upstream, digits = '1'] = /^([a-z][a-z0-9_-]*)(?:\s*\*\s*(\d{1,4}))?$/.exec(text) ?? [];
  const weight = Number(digits);
  return upstream !== undefined && weight >= 1 && weight <= mostWeight ? { upstream, priority, weight } : undefined;
}

/** {members: [a, {upstream: b, weight: 2, priority: 1}], overflow: true}; members may also be a mapping of upstreams to weight and priority. */
function readMapping(name: string, said: unknown): Parsed<UpstreamGroup> {
  if (!isMapping(said)) return refused(`${lineForm}, or a mapping of members and overflow`);
  const stranger = Object.keys(said).find((key) => key !== 'members' && key !== 'overflow');
  if (stranger !== undefined) return refused(`members and overflow, instead of ${stranger}`);
  const { members, overflow = false } = said;
  if (typeof overflow !== 'boolean') return refused('overflow to be true or false');
  const listed: unknown = isMapping(members)
    ? Object.entries(members).map(([upstream, rest]) => ({ upstream, ...(isMapping(rest) ? rest : {}) }))
    : members;
  if (!Array.isArray(listed)) return refused('members: a YAML sequence of upstreams, or a mapping of upstreams to {weight, priority}');
  const read = listed.map(readListed);
  const wrong = read.find((member) => member.kind === 'refused');
  return (
    wrong ??
    groupOf(
      name,
      read.flatMap((member) => (member.kind === 'value' ? [member.value] : [])),
      overflow,
    )
  );
}

function readListed(said: unknown): Parsed<GroupMember> {
  if (typeof said === 'string') return taken({ upstream: said, priority: 0, weight: 1 });
  if (!isMapping(said)) return refused('members that are names of upstreams or mappings of upstream, weight and priority');
  const { upstream, weight = 1, priority = 0, ...others } = said;
  const stranger = Object.keys(others)[0];
  if (stranger !== undefined) return refused(`upstream, weight and priority of a member, instead of ${stranger}`);
  if (typeof upstream !== 'string') return refused('the name of an upstream in each member');
  if (!isWhole(weight, 1, mostWeight)) return refused(`${weightForm} for member ${upstream}`);
  return isWhole(priority, 0, 99)
    ? taken({ upstream, priority, weight })
    : refused(`a priority from 0, the most preferred, to 99 for member ${upstream}`);
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function groupOf(name: string, members: readonly GroupMember[], overflow: boolean): Parsed<UpstreamGroup> {
  if (members.length === 0) return refused('at least one member');
  const names = members.map(({ upstream }) => upstream);
  const twice = names.find((upstream, index) => names.indexOf(upstream) !== index);
  return twice === undefined ? taken({ name, members, overflow }) : refused(`each member once, and not ${twice} twice`);
}

function showGroup({ name, members, overflow }: UpstreamGroup): string {
  const priorities = [...new Set(members.map(({ priority }) => priority))].toSorted((a, b) => a - b);
  const levels = priorities.map((level) =>
    members
      .filter(({ priority }) => priority === level)
      .map(({ upstream, weight }) => (weight === 1 ? upstream : `${upstream}*${weight}`))
      .join('+'),
  );
  return `${name}=${levels.join('>')}${overflow ? ' overflow' : ''}`;
}

function settleGroups(given: readonly UpstreamGroup[] = [], others: Readonly<Record<string, unknown>>): Parsed<readonly UpstreamGroup[]> {
  const names = Object.keys(others['upstreams'] ?? {});
  const taker = given.find(({ name }) => names.includes(name));
  if (taker) return refused(`names that no upstream has, instead of '${taker.name}'`);
  const stray = given
    .flatMap(({ name, members }) => members.map(({ upstream }) => ({ name, upstream })))
    .find(({ upstream }) => !names.includes(upstream));
  return stray ? refused(`members that are among the upstreams ${names.join(', ')}, instead of '${stray.upstream}' in ${stray.name}`) : taken(given);
}
