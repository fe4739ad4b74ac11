import type { Reason } from '../reason.ts';
import type { RecipientState } from '../recipient.ts';

/** What a suspension looks at: all that is given has to fit. Empty: all mail. */
export interface MailMatch {
  readonly tenant?: string;
  /** Of the recipient, in lower case. */
  readonly domain?: string;
  /** What the recipient is bound for: an upstream, or a group of them by name. */
  readonly upstream?: string;
  /** By its name. */
  readonly lane?: string;
  /** The tag `campaign`. */
  readonly campaign?: string;
  /** All of these. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Names recipients of mail: all that is given has to fit. */
export interface Selector extends MailMatch {
  readonly ids?: readonly string[];
  readonly state?: RecipientState['kind'];
  readonly reason?: Reason;
  /** Wall clock, milliseconds since the epoch. */
  readonly acceptedBefore?: number;
}
