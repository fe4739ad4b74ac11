import type { Allotment } from './connection-shares.ts';
import type { MailEvent, OperatorEvent } from './journal.ts';
import type { Lane } from './lane.ts';
import type { Command } from './operation/command.ts';
import type { Mail } from './mail.ts';
import type { Attempt } from './sender-table.ts';
import type { ClockMarks } from './steady-clock.ts';

/** What is to be done, in order, once the events of the same and of all earlier steps are acknowledged by JOURNAL. */
export type Effect =
  /** Attempts that are no longer current when this is carried out are left out. */
  | { readonly kind: 'send'; readonly sender: string; readonly attempts: readonly Attempt[] }
  | { readonly kind: 'acknowledge'; readonly sender: string; readonly attempts: readonly string[] }
  | { readonly kind: 'cancel'; readonly sender: string; readonly attempts: readonly string[] }
  /** How many connections to an upstream the sender may have from now on. */
  | ({ readonly kind: 'allot'; readonly upstream: string } & Allotment)
  /** The sender's lease is over: end its stream, so that it says hello again. */
  | { readonly kind: 'dismiss'; readonly sender: string }
  | { readonly kind: 'trim'; readonly lane: Lane; readonly upTo: number }
  /** Copy to WAIT, then tell `copied` or `not copied`. */
  | { readonly kind: 'copy'; readonly mail: Mail }
  /** Copy to DEAD, then tell `buried`. */
  | { readonly kind: 'bury'; readonly mail: Mail }
  | { readonly kind: 'removeWaiting'; readonly sequence: number }
  | { readonly kind: 'removeBody'; readonly id: string }
  /** A dead letter is not wanted any more: its entries up to this sequence, and its body. */
  | { readonly kind: 'removeDead'; readonly id: string; readonly upTo: number; readonly withBody: boolean }
  /** Go through DEAD for what this command names: tell `found`, `revived` and `purged`. */
  | { readonly kind: 'searchDead'; readonly command: Command; readonly dryRun: boolean }
  /** A piece of an operator's command is journalled: tell `workOn`, and the next one follows. */
  | { readonly kind: 'workOn' };

/** An event, and the mail that it is about, if it is about one. */
export type JournalRecord = MailRecord | { readonly event: OperatorEvent; readonly mail?: undefined };

export interface MailRecord {
  readonly event: MailEvent;
  readonly mail: Mail;
  /** That the attempt was made at; undefined where there was none, or where it is not known any more. */
  readonly upstream?: string | undefined;
}

/** What came of some inputs. */
export interface Step {
  readonly records: readonly JournalRecord[];
  readonly effects: readonly Effect[];
  /** Present when the wall clock has jumped: to be journalled with the records, or by itself. */
  readonly clock?: ClockMarks | undefined;
}
