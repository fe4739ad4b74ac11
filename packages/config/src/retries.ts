import { lanes } from '@posthaste/core/lane';
import { replyClasses } from '@posthaste/core/reply-class';
import type { RetryMatch, RetryRule, RetryRules } from '@posthaste/core/retry-rules';
import { isLaneName, strayLane } from './further-lanes.ts';
import { type Parsed, refused, taken } from './quantity.ts';
import { parsePolicy, showPolicy } from './retry-policy.ts';
import type { Values } from './schema.ts';
import { define, isMapping, parseMap, type Setting, setting } from './setting.ts';

/** A refused login spends no retries: the upstream counts as down. */
const ruleClasses = replyClasses.filter((name) => name !== 'authentication');

const retryRules: Setting<readonly RetryRule[]> = {
  ...define(
    {
      default: '',
      doc:
        'Policies other than retryDelays, divided by ; and first match first: match=policy, such as lane:immediate=10s,30s,2m or class:rate_limited domain:example.net=exponential ' +
        'base=1m factor=2 cap=1h retries=10 jitter=full maxAge=1d. docs/backoff.md tells more, `posthaste policy explain` what comes of it.',
    },
    { kind: 'list of match=policy', parse: parseRules, show: (rules: readonly RetryRule[]) => rules.map(showRule).join('; ') },
  ),
  settle: checkNames,
};

/** For the program that tries again, and the one that explains when. */
export const retrySettings = {
  'scheduler.retryDelays': setting.durations({
    default: '1m,5m,15m',
    doc: 'Waits before each retry of a deferred recipient, where no rule says otherwise; after the last one it becomes a dead letter.',
  }),
  'scheduler.retryRules': retryRules,
  'scheduler.retryMaxAge': setting.duration({
    default: '5d',
    min: '1s',
    doc: 'No retry later than this after a mail was accepted (or was due), unless the policy that applies has a maxAge.',
  }),
};

/** All three together. */
export function retryRulesOf(values: Values<typeof retrySettings>): RetryRules {
  return {
    rules: values['scheduler.retryRules'],
    default: { kind: 'fixed', delaysMs: values['scheduler.retryDelays'] },
    maxAgeMs: values['scheduler.retryMaxAge'],
  };
}

/** From text, from a YAML sequence of rules, or from a YAML mapping of matches to policies. */
function parseRules(input: unknown): Parsed<readonly RetryRule[]> {
  const lines = linesOf(input);
  if (!lines) return refused('rules match=policy, divided by ; or as a YAML sequence or mapping of texts');
  const rules: RetryRule[] = [];
  for (const line of lines) {
    const rule = parseRule(line);
    if (rule.kind === 'refused') return refused(`${rule.expected}, instead of '${line}'`);
    rules.push(rule.value);
  }
  return taken(rules);
}

function linesOf(input: unknown): readonly string[] | undefined {
  if (typeof input === 'string')
    return input
      .split(';')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  if (Array.isArray(input)) return input.every((line) => typeof line === 'string') ? input : undefined;
  const map = isMapping(input) ? parseMap(input) : undefined;
  return map?.kind === 'value' ? Object.entries(map.value).map((pair) => pair.join('=')) : undefined;
}

function parseRule(line: string): Parsed<RetryRule> {
  const cut = line.indexOf('=');
  const match = parseMatch(line.slice(0, Math.max(cut, 0)).trim());
  if (match.kind === 'refused') return match;
  const policy = parsePolicy(line.slice(cut + 1).trim());
  return policy.kind === 'refused' ? policy : taken({ match: match.value, policy: policy.value });
}

/** What a word of a match may look at, and whether a value of it exists. */
const matchers: Readonly<Record<keyof RetryMatch, (value: string) => boolean>> = {
  class: (value) => ruleClasses.some((name) => name === value),
  lane: isLaneName,
  tenant: () => true,
  upstream: () => true,
  domain: (value) => !value.includes('@'),
};

function parseMatch(text: string): Parsed<RetryMatch> {
  if (text === '*') return taken({});
  const pairs = text.split(/\s+/).map((word) => /^(class|lane|tenant|upstream|domain):(\S+)$/.exec(word)?.slice(1));
  const names = new Set(pairs.map((pair) => pair?.[0]));
  const fine = names.size === pairs.length && pairs.every(([name = '', value = ''] = []) => matchers[name as keyof RetryMatch]?.(value));
  if (!fine) {
    const choices = `class:<${ruleClasses.join('|')}>, lane:<${lanes.join('|')}, or a further one>, tenant:<name>, upstream:<name>, domain:<name>`;
    return refused(`match=policy with a match of *, or of one or more of ${choices}`);
  }
  return taken(Object.fromEntries(pairs.map(([name = '', value = ''] = []) => [name, name === 'domain' ? value.toLowerCase() : value])));
}

/** A rule for an upstream or a lane that there is not would never match, and nobody would notice. */
function checkNames(rules: readonly RetryRule[] = [], others: Readonly<Record<string, unknown>>): Parsed<readonly RetryRule[]> {
  const names = Object.keys(others['upstreams'] ?? {});
  const stray = rules.find(({ match: { upstream } }) => upstream !== undefined && !names.includes(upstream));
  if (stray) return refused(`one of the upstreams ${names.join(', ')} in '${showRule(stray)}'`);
  const lane = strayLane(
    rules.flatMap(({ match }) => match.lane ?? []),
    others,
  );
  return lane ? refused(`one of the lanes ${lane.choices} instead of 'lane:${lane.name}'`) : taken(rules);
}

function showRule({ match, policy }: RetryRule): string {
  return `${showMatch(match)}=${showPolicy(policy)}`;
}

/** As it is written in a rule. */
export function showMatch(match: RetryMatch): string {
  const words = Object.entries(match).map(([name, value]) => `${name}:${value}`);
  return words.length === 0 ? '*' : words.join(' ');
}
