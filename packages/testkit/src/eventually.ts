import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Default 10. */
  readonly intervalMs?: number;
  /** What is waited for, to begin the error with: "the mail arrives". */
  readonly describe?: string;
}

type NotYet = false | null | 0 | '';

/**
 * Calls `condition` until it holds: until it returns something truthy, or returns nothing at all without throwing (a row of `expect`s).
 * False, null, 0 and '' mean "not yet". Undefined means that it held: where a search may find nothing, return `found !== undefined`
 * or `found ?? null`. When the time is over, the error says how the last call failed.
 */
export async function eventually<T>(condition: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<Exclude<T, NotYet>> {
  const { timeoutMs = 10_000, intervalMs = 10, describe = 'the condition holds' } = options;
  const end = performance.now() + timeoutMs;
  for (;;) {
    const attempt = await tryOnce(condition);
    if (attempt.kind === 'held') return attempt.value;
    if (performance.now() >= end)
      throw new Error(`waited ${timeoutMs} ms in vain until ${describe}; last: ${attempt.reason}`, { cause: attempt.cause });
    await delay(intervalMs);
  }
}

type Attempt<T> =
  | { readonly kind: 'held'; readonly value: Exclude<T, NotYet> }
  | { readonly kind: 'not yet'; readonly reason: string; readonly cause?: unknown };

async function tryOnce<T>(condition: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    const value = await condition();
    if (value === undefined || Boolean(value)) return { kind: 'held', value: value as Exclude<T, NotYet> };
    return { kind: 'not yet', reason: `it returned ${JSON.stringify(value)}` };
  } catch (cause) {
    return { kind: 'not yet', reason: cause instanceof Error ? cause.message : String(cause), cause };
  }
}
