import { systemClock } from '@posthaste/telemetry/clock';
import type { Letter } from './letter.ts';
import { SendmailFailure, type Sysexit, sysexits } from './sysexits.ts';

/** Waits between the tries. What still fails then is the caller's to repeat: that is what EX_TEMPFAIL asks of it. */
const pausesMs = [200, 600, 2_000] as const;
const longestCallMs = 30_000;

/**
 * Hands the message over by REST and answers its id. The client package would do the same, but takes 0.2 s to load, and sendmail is started for every
 * mail. All tries carry one idempotency key, so that a lost answer makes no second mail.
 */
export async function handOver(endpoint: string, { from, to, raw }: Letter, clock = systemClock): Promise<string> {
  const body = JSON.stringify({ from, to, raw: raw.toString('base64'), idempotencyKey: crypto.randomUUID(), briefKey: true });
  for (const pauseMs of [...pausesMs, undefined]) {
    const answer = await post(new URL('/v1/messages', endpoint), body);
    if (answer.kind === 'accepted') return answer.id;
    if (answer.code !== sysexits.tryLater || pauseMs === undefined) throw new SendmailFailure(answer.code, answer.sentence);
    await clock.sleep(pauseMs);
  }
  throw new SendmailFailure(sysexits.tryLater, `the api at ${endpoint} did not take the message`);
}

type Answer = { readonly kind: 'accepted'; readonly id: string } | { readonly kind: 'refused'; readonly code: Sysexit; readonly sentence: string };

async function post(url: URL, body: string): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(longestCallMs) });
    const answer = (await response.json().catch(() => ({}))) as { readonly id?: string; readonly error?: { readonly message?: string } };
    if (response.ok && answer.id !== undefined) return { kind: 'accepted', id: answer.id };
    return { kind: 'refused', code: codeOf(response.status), sentence: answer.error?.message ?? `${url.origin} answered ${response.status}` };
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error && cause.message !== '' ? cause.message : message;
    return { kind: 'refused', code: sysexits.tryLater, sentence: `the api at ${url.origin} cannot be reached: ${why}` };
  }
}

/** 409 is our own key still on its way. */
function codeOf(status: number): Sysexit {
  if ([408, 409, 429].includes(status) || status >= 500) return sysexits.tryLater;
  if (status === 401 || status === 403) return sysexits.notAllowed;
  return status === 400 || status === 413 ? sysexits.message : sysexits.unavailable;
}
