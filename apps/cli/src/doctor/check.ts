/** What was looked at, and what was found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly says: string;
  /** What to do; there is one unless it passed. */
  readonly hint?: string;
}

export const pass = (check: string, says: string): Finding => ({ check, verdict: 'pass', says });
export const warn = (check: string, says: string, hint: string): Finding => ({ check, verdict: 'warn', says, hint });
export const fail = (check: string, says: string, hint: string): Finding => ({ check, verdict: 'fail', says, hint });

/** Nothing that is asked here may take longer. */
export const patienceMs = 3_000;
