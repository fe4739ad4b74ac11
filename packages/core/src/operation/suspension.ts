import type { Intervention } from './intervention.ts';
import type { MailMatch } from './selector.ts';

/** A rule that stops what matches it, what is there and what comes later, until it is lifted or expires. */
export interface Suspension {
  /** A UUID. */
  readonly id: string;
  readonly match: MailMatch;
  readonly by: Intervention;
  /** Wall clock, milliseconds since the epoch; absent: when it is lifted. */
  readonly expires?: number;
}
