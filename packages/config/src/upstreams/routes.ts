import { lanes } from '@posthaste/core/lane';
import type { UpstreamGroup } from '@posthaste/core/upstream-rules';
import { isLaneName, strayLane } from '../further-lanes.ts';
import { type Parsed, refused, taken } from '../quantity.ts';
import { define, parseList, parseMap, type Setting } from '../setting.ts';

/** What a rule looks at. A mail takes the first route that matches. */
export type RouteMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'domain'; readonly value: string }
  | { readonly kind: 'lane'; readonly value: string }
  | { readonly kind: 'tenant'; readonly value: string };

export interface Route {
  readonly match: RouteMatch;
  /** Name of an upstream or a group. */
  readonly upstream: string;
}

export const routes: Setting<readonly Route[]> = {
  ...define(
    {
      doc: 'Which mail goes to which upstream or group, first match first: match=upstream, match one of *, domain:example.net, lane:low, tenant:x. By default all goes to the first group, or else to the first upstream.',
    },
    {
      kind: 'list of match=upstream',
      parse: parseRoutes,
      show: (all: readonly Route[]) => all.map(showRoute).join(','),
    },
  ),
  settle: settleRoutes,
};

/** From `*=main,domain:example.net=other`, from a YAML sequence of such rules, or from a YAML mapping. */
function parseRoutes(input: unknown): Parsed<readonly Route[]> {
  const asMap = typeof input === 'string' ? undefined : parseMap(input);
  const rules = asMap?.kind === 'value' ? taken(Object.entries(asMap.value).map((pair) => pair.join('='))) : parseList(input);
  if (rules.kind === 'refused') return rules;
  const parsed = rules.value.map(parseRoute);
  const wrong = rules.value.find((_, index) => parsed[index] === undefined);
  if (wrong !== undefined)
    return refused(
      `match=upstream with a match of *, domain:<name>, lane:<${lanes.join('|')}, or a further one> or tenant:<name>, instead of '${wrong}'`,
    );
  return taken(parsed.filter((route) => route !== undefined));
}

function parseRoute(rule: string): Route | undefined {
  const cut = rule.lastIndexOf('=');
  const match = parseMatch(rule.slice(0, Math.max(cut, 0)).trim());
  const upstream = rule.slice(cut + 1).trim();
  return match && upstream !== '' ? { match, upstream } : undefined;
}

function parseMatch(text: string): RouteMatch | undefined {
  if (text === '*') return { kind: 'any' };
  const [, kind, value] = /^(domain|lane|tenant):(\S+)$/.exec(text) ?? [];
  if (value === undefined) return undefined;
  if (kind === 'domain') return { kind, value: value.toLowerCase() };
  if (kind === 'lane') return isLaneName(value) ? { kind, value } : undefined;
  return { kind: 'tenant', value };
}

function showRoute({ match, upstream }: Route): string {
  return `${match.kind === 'any' ? '*' : `${match.kind}:${match.value}`}=${upstream}`;
}

/** Mail that no route matches would have nowhere to go, so a list that does not end in `*` is refused rather than completed in silence. */
function settleRoutes(given: readonly Route[] | undefined, others: Readonly<Record<string, unknown>>): Parsed<readonly Route[]> {
  const groups = (others['groups'] ?? []) as readonly UpstreamGroup[];
  const names = [...groups.map(({ name }) => name), ...Object.keys(others['upstreams'] ?? {})];
  if (given === undefined) return taken([{ match: { kind: 'any' }, upstream: names[0] ?? '' }]);
  const stray = given.find((route) => !names.includes(route.upstream));
  if (stray) return refused(`one of the ${groups.length > 0 ? 'groups and ' : ''}upstreams ${names.join(', ')} in '${showRoute(stray)}'`);
  const lane = strayLane(
    given.flatMap(({ match }) => (match.kind === 'lane' ? [match.value] : [])),
    others,
  );
  if (lane) return refused(`one of the lanes ${lane.choices} instead of 'lane:${lane.name}'`);
  if (given.at(-1)?.match.kind !== 'any') return refused(`a last route for all other mail, such as *=${names[0] ?? ''}`);
  return taken(given);
}
