/** What a shell script can tell apart; the same for every verb. */
export const exitCode = { ok: 0, failed: 1, usage: 2, notFound: 3, auth: 4, conflict: 5, unavailable: 6, interrupted: 130 } as const;

/** The command line itself was wrong: said on stderr with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
