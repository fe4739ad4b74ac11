import { obeyHint, waitBefore, type Span } from './retry-policy.ts';
import { choosePolicy, type Choice, type Refusal, type RetryRules } from './retry-rules.ts';

/** What decides about the next try of a recipient, beside the rules. Times are wall clock, milliseconds since the epoch. */
export interface Try {
  /** Attempts spent so far; the next retry has this number. */
  readonly spent: number;
  readonly hintMs: number | null;
  /** From 0 to below 1. */
  readonly jitter: number;
  /** When the mail was accepted, or was due. */
  readonly since: number;
  readonly now: number;
}

export type NextTry =
  | { readonly kind: 'at'; readonly due: number }
  /** The retries are spent, or it would be too old by then. */
  | { readonly kind: 'exhausted' }
  /** It was refused for good, and no policy thinks otherwise. */
  | { readonly kind: 'refused' };

export function nextTry(rules: RetryRules, refusal: Refusal, { spent, hintMs, jitter, since, now }: Try): NextTry {
  const { policy } = choosePolicy(rules, refusal);
  const span = waitBefore(policy, spent);
  if (!span) return { kind: refusal.final && !waitBefore(policy, 1) ? 'refused' : 'exhausted' };
  const { leastMs, mostMs } = obeyHint(span, spent, hintMs);
  const due = now + leastMs + Math.floor(jitter * (mostMs - leastMs + 1));
  return due > since + (policy.maxAgeMs ?? rules.maxAgeMs) ? { kind: 'exhausted' } : { kind: 'at', due };
}

/** A retry as it can be told beforehand. */
export interface PlannedRetry {
  readonly wait: Span;
  /** From the first attempt to this one, when attempts themselves take no time. */
  readonly after: Span;
}

export interface RetryPlan {
  readonly choice: Choice;
  readonly maxAgeMs: number;
  readonly retries: readonly PlannedRetry[];
}

/** All retries of a recipient that is refused in the same words each time, and whose first attempt came at once. */
export function planRetries(rules: RetryRules, refusal: Refusal, hintMs: number | null): RetryPlan {
  const choice = choosePolicy(rules, refusal);
  const maxAgeMs = choice.policy.maxAgeMs ?? rules.maxAgeMs;
  const retries: PlannedRetry[] = [];
  let before: Span = { leastMs: 0, mostMs: 0 };
  for (let retry = 1, span = waitBefore(choice.policy, 1); span; span = waitBefore(choice.policy, (retry += 1))) {
    const wait = obeyHint(span, retry, hintMs);
    const leastMs = before.leastMs + wait.leastMs;
    if (leastMs > maxAgeMs) break;
    before = { leastMs, mostMs: Math.min(before.mostMs + wait.mostMs, maxAgeMs) };
    retries.push({ wait, after: before });
  }
  return { choice, maxAgeMs, retries };
}
