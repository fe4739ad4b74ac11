/** Where in a session a rule can step in, in the order of a session. */
export const phases = ['greeting', 'ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'body', 'final'] as const;

/**
 * - `greeting`: a client has connected.
 * - `ehlo`, `starttls`, `mail`, `rcpt`, `data`: that command has come and is in order. HELO counts as `ehlo`.
 * - `auth`: user and password have come and are right.
 * - `body`: the first bytes of the body have come. Nothing is stored yet, and no reply is due.
 * - `final`: the final dot has come. The mail is stored at once, before a delay, unless `reply` refuses it.
 */
export type Phase = (typeof phases)[number];

/**
 * One way to misbehave. Of the rules that fit a phase, the first one that is not used up decides, alone.
 * Without `reply` and `drop` a rule only delays (or, without `delayMs` too, shields the later rules: "these pass").
 */
export interface Rule {
  readonly at: Phase;
  /**
   * Only for these recipients: a pattern with `*` for any characters, upper and lower case alike (`*@slow.example`).
   * Fits at `rcpt` the one address, at `data`, `body` and `final` any accepted one. Not possible earlier.
   */
  readonly recipient?: string;
  /** Only for these senders: a pattern as above, empty for the null sender. Possible from `mail` on. */
  readonly sender?: string;
  /** How often this rule applies before it is used up ("the first 2, then ok"); without it, for ever. */
  readonly times?: number;
  /** Milliseconds to wait before the reply or the drop; at `body`, before reading on. */
  readonly delayMs?: number;
  /**
   * The reply, code first: `451 4.7.1 Try again later`; `\n` parts the lines of a long one. A code of 400 or more refuses, and 421
   * closes the connection too. A positive one (2xx, at `data` 354) only changes the text. Not possible at `body`.
   */
  readonly reply?: string;
  /** Closes the connection without a reply. At `final` the mail is stored all the same: a lost final reply. */
  readonly drop?: true;
}

/** How a sink behaves. `{}` is a well-behaved one. */
export interface Script {
  readonly rules?: readonly Rule[];
  /** The EHLO keywords on offer, without SIZE, STARTTLS and AUTH, which the sink adds when it can. A client that uses what is not on offer is refused (555, for PIPELINING 503). */
  readonly keywords?: readonly string[];
  /** The largest mail in bytes, said in EHLO as SIZE and kept to (552 5.3.4). */
  readonly maxBytes?: number;
}

export const defaultKeywords: readonly string[] = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN'];

export const defaultMaxBytes = 100 * 1024 * 1024;
