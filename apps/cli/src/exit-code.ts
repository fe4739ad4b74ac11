/** What a shell script can tell apart; the same for every command but sendmail, whose callers expect those of sysexits.h. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  unavailable: 6,
  partial: 7,
  timeout: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export const exitCodeMeanings: ReadonlyMap<ExitCode, string> = new Map([
  [exitCode.ok, 'done'],
  [exitCode.failed, 'failed: the mail was not delivered, a check did not pass, or something broke'],
  [exitCode.usage, 'the command line is wrong, or the api refused what it says'],
  [exitCode.notFound, 'no such mail'],
  [exitCode.auth, 'not signed in, or not allowed'],
  [exitCode.conflict, 'conflict or precondition: the idempotency key is taken, an attachment is gone'],
  [exitCode.unavailable, 'rate limited, full, or away: worth another try later'],
  [exitCode.partial, 'some of it: delivered to some recipients, not to others'],
  [exitCode.timeout, 'the time given by --timeout passed first; delivery goes on'],
  [exitCode.interrupted, 'interrupted by Ctrl-C'],
]);
