import { lanes } from '@posthaste/core/lane';
import { type Parsed, refused, taken } from './quantity.ts';
import { define, parseList, parseMap, type Setting, showMap } from './setting.ts';

/** What a rule looks at. A mail takes the first route that matches. */
export type RouteMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'domain'; readonly value: string }
  | { readonly kind: 'lane'; readonly value: string }
  | { readonly kind: 'tenant'; readonly value: string };

export interface Route {
  readonly match: RouteMatch;
  readonly upstream: string;
}

const routes: Setting<readonly Route[]> = {
  ...define(
    {
      doc: 'Which mail goes to which upstream, first match first: match=upstream, match one of *, domain:example.net, lane:low, tenant:x. By default all goes to the first upstream.',
    },
    {
      kind: 'list of match=upstream',
      parse: parseRoutes,
      show: (all: readonly Route[]) => all.map(showRoute).join(','),
    },
  ),
  settle: settleRoutes,
};

/** For the programs that decide on upstreams and those that talk to them. */
export const upstreamSettings = {
  upstreams: define(
    {
      default: { main: 'smtp://127.0.0.1:1025' },
      doc: 'The smart hosts that mail leaves by: name=smtp://user:password@host:port, or smtps:// for TLS from the first byte.',
    },
    {
      kind: 'map of name=URL',
      parse: parseUpstreams,
      show: showMap,
    },
  ),
  routes,
};

/** Names stand in metrics, logs and routes, so they are kept plain; the letter in front also keeps the order of the map. */
const upstreamName = /^[a-z][a-z0-9_-]{0,62}$/;

function parseUpstreams(input: unknown): Parsed<Readonly<Record<string, string>>> {
  const parsed = parseMap(input);
  if (parsed.kind === 'refused') return parsed;
  const entries = Object.entries(parsed.value);
  if (entries.length === 0) return refused('at least one upstream: name=smtp://host:port');
  const wrongName = entries.find(([name]) => !upstreamName.test(name));
  if (wrongName) return refused(`names of lower-case letters, digits, - and _, starting with a letter, instead of '${wrongName[0]}'`);
  const wrongUrl = entries.find(([, url]) => !isSmtpUrl(url));
  if (wrongUrl) return refused(`smtp://[user:password@]host[:port] for '${wrongUrl[0]}', special characters of the password percent-encoded`);
  return parsed;
}

function isSmtpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'smtp:' || url.protocol === 'smtps:') && url.hostname !== '';
}

/** From `*=main,domain:example.net=other`, from a YAML sequence of such rules, or from a YAML mapping. */
function parseRoutes(input: unknown): Parsed<readonly Route[]> {
  const asMap = typeof input === 'string' ? undefined : parseMap(input);
  const rules = asMap?.kind === 'value' ? taken(Object.entries(asMap.value).map((pair) => pair.join('='))) : parseList(input);
  if (rules.kind === 'refused') return rules;
  const parsed = rules.value.map(parseRoute);
  const wrong = rules.value.find((_, index) => parsed[index] === undefined);
  if (wrong !== undefined)
    return refused(`match=upstream with a match of *, domain:<name>, lane:<${lanes.join('|')}> or tenant:<name>, instead of '${wrong}'`);
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
  if (kind === 'lane') return lanes.some((lane) => lane === value) ? { kind, value } : undefined;
  return { kind: 'tenant', value };
}

function showRoute({ match, upstream }: Route): string {
  return `${match.kind === 'any' ? '*' : `${match.kind}:${match.value}`}=${upstream}`;
}

/** Mail that no route matches would have nowhere to go, so a list that does not end in `*` is refused rather than completed in silence. */
function settleRoutes(given: readonly Route[] | undefined, others: Readonly<Record<string, unknown>>): Parsed<readonly Route[]> {
  const names = Object.keys(others['upstreams'] ?? {});
  if (given === undefined) return taken([{ match: { kind: 'any' }, upstream: names[0] ?? '' }]);
  const stray = given.find((route) => !names.includes(route.upstream));
  if (stray) return refused(`one of the upstreams ${names.join(', ')} in '${showRoute(stray)}'`);
  if (given.at(-1)?.match.kind !== 'any') return refused(`a last route for all other mail, such as *=${names[0] ?? ''}`);
  return taken(given);
}
