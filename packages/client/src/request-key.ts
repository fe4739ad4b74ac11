/** What the repetitions of a mail are recognised by. */
export interface RequestKey {
  readonly idempotencyKey: string;
  /** It serves the repetitions of one call only. */
  readonly briefKey: boolean;
}

/** A key for each mail, its own or one that is made up: what makes a repetition safe. */
export type KeySource = (given: string | undefined) => RequestKey;

/** The server keeps a brief key for 15 minutes; a stream repeats its mails for as long again as its own call took. */
const longestBriefMs = 5 * 60_000;

/**
 * The keys of a call that repeats itself for at most `timeoutMs`. A key that the caller gave lasts; one that is made up here nobody else can use, so the
 * server need not keep it for longer than the call can take.
 */
export function keysFor(timeoutMs: number): KeySource {
  return (given) =>
    given === undefined ? { idempotencyKey: randomKey(), briefKey: timeoutMs <= longestBriefMs } : { idempotencyKey: given, briefKey: false };
}

/** 128 random bits. Not randomUUID, which browsers lack on pages without TLS. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
