import { type ExitCode, exitCode } from './exit-code.ts';

export interface FailureDetails {
  readonly exitCode: ExitCode;
  /** The kind of failure by name, for programs: of the api's answer its code, such as NotFound. */
  readonly code: string;
  /** The api's reason, such as MESSAGE_NOT_FOUND. */
  readonly reason?: string | undefined;
  /** What to do. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Ends a command: one sentence, what to do, and the exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly details: FailureDetails;

  constructor(sentence: string, details: FailureDetails) {
    super(sentence, { cause: details.cause });
    this.details = details;
  }
}

/** The command line itself was wrong. */
export function usageError(sentence: string, hint?: string): Failure {
  return new Failure(sentence, { exitCode: exitCode.usage, code: 'Usage', hint });
}

export function failureText({ message, details: { reason, hint } }: Failure): string {
  return `posthaste: ${message}${reason === undefined ? '' : ` (${reason})`}${hint === undefined ? '' : `\n${hint}`}`;
}

export function failureJson({ message, details: { code, reason, hint } }: Failure): string {
  return JSON.stringify({ error: { code, reason, message, hint } });
}
