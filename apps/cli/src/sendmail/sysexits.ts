/** What callers of sendmail expect (sysexits.h). */
export const sysexits = { ok: 0, usage: 64, message: 65, unavailable: 69, tryLater: 75, notAllowed: 77 } as const;

export type Sysexit = (typeof sysexits)[keyof typeof sysexits];

/** Ends sendmail: one sentence and the exit code. */
export class SendmailFailure extends Error {
  override readonly name = 'SendmailFailure';
  readonly code: Sysexit;

  constructor(code: Sysexit, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
