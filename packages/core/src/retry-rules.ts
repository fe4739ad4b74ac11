import type { ReplyClass } from './reply-class.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** What is retried how: the first rule that matches, then the built-in ones, then the default. */
export interface RetryRules {
  readonly rules: readonly RetryRule[];
  readonly default: RetryPolicy;
  /** No retry later than this after the mail was accepted (or was due), unless its policy says otherwise. */
  readonly maxAgeMs: number;
}

export interface RetryRule {
  readonly match: RetryMatch;
  readonly policy: RetryPolicy;
}

/** All that is given has to fit. A rule without a class is for what asks to be tried again: what is refused for good (5xx) needs a rule that names its class. */
export interface RetryMatch {
  readonly class?: ReplyClass;
  readonly lane?: string;
  readonly tenant?: string;
  readonly upstream?: string;
  /** Of the recipient, in lower case. */
  readonly domain?: string;
}

/** What came back for a recipient, and what rules look at. */
export interface Refusal {
  readonly class: ReplyClass;
  /** The upstream refuses it for good (5xx). */
  readonly final: boolean;
  readonly lane: string;
  readonly tenant: string;
  readonly upstream: string;
  readonly domain: string;
}

export type Choice =
  | { readonly kind: 'rule'; readonly index: number; readonly match: RetryMatch; readonly policy: RetryPolicy }
  | { readonly kind: 'built in'; readonly match: RetryMatch; readonly policy: RetryPolicy }
  | { readonly kind: 'default'; readonly policy: RetryPolicy }
  /** Refused for good, and no rule wants it tried again. */
  | { readonly kind: 'final'; readonly policy: RetryPolicy };

const minute = 60_000;
const hour = 60 * minute;

/**
 * Where the default's 21 minutes are of no use. A limit may last until the next day: an hour at most between tries, and so many of them that all together take
 * more than a day whatever the jitter. A mailbox is full until somebody deletes: RFC 3463 (3.3) wants X.2.2 taken for a persistent transient failure, so that
 * 552 5.2.2 is tried again as well, a few times in a day.
 */
const builtIn: readonly RetryRule[] = [
  {
    match: { class: 'rate_limited' },
    policy: { kind: 'exponential', baseMs: minute, factor: 2, capMs: hour, retries: 72, jitter: 'full' },
  },
  { match: { class: 'mailbox_full' }, policy: { kind: 'fixed', delaysMs: [hour, 4 * hour, 12 * hour] } },
];

const never: RetryPolicy = { kind: 'fixed', delaysMs: [] };

export const defaultRetryRules: RetryRules = {
  rules: [],
  default: { kind: 'fixed', delaysMs: [minute, 5 * minute, 15 * minute] },
  // RFC 5321, 4.5.4.1: the give-up time generally needs to be at least 4 to 5 days.
  maxAgeMs: 5 * 24 * hour,
};

export function choosePolicy({ rules, default: policy }: RetryRules, refusal: Refusal): Choice {
  const index = rules.findIndex(({ match }) => fits(match, refusal));
  const rule = rules[index];
  if (rule) return { kind: 'rule', index, ...rule };
  const own = builtIn.find(({ match }) => fits(match, refusal));
  if (own) return { kind: 'built in', ...own };
  return refusal.final ? { kind: 'final', policy: never } : { kind: 'default', policy };
}

function fits(match: RetryMatch, refusal: Refusal): boolean {
  if (refusal.final && match.class === undefined) return false;
  return (
    (match.class === undefined || match.class === refusal.class) &&
    (match.lane === undefined || match.lane === refusal.lane) &&
    (match.tenant === undefined || match.tenant === refusal.tenant) &&
    (match.upstream === undefined || match.upstream === refusal.upstream) &&
    (match.domain === undefined || match.domain === refusal.domain)
  );
}
