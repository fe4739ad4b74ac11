import type { ConnectionsInForce } from './allotting.ts';
import type { Reply } from './journal.ts';
import type { Lane } from './lane.ts';
import type { Command } from './operation/command.ts';
import type { Intervention } from './operation/intervention.ts';
import type { Found } from './operation/dead-search.ts';
import type { DeadLetter, Revival } from './operation/reviving.ts';
import type { Suspension } from './operation/suspension.ts';
import type { ShareMap } from './shares/share-table.ts';
import type { Place, Ticket } from './ticket.ts';

/** Now, by both clocks, in milliseconds: the wall clock for dues and deadlines, the monotonic one for leases and probes. */
export interface Instant {
  readonly wall: number;
  readonly mono: number;
  /** How long the machine has slept so far, which the monotonic clock leaves out and the wall clock does not; default 0. */
  readonly sleptMs?: number;
}

/** All that the engine can be told. */
export type Input =
  /** A ticket was read from a log or from WAIT. */
  | { readonly kind: 'arrived'; readonly ticket: Ticket; readonly place: Place; readonly revival?: Revival | undefined }
  /** A dead letter was copied to WAIT, where its reader may not have come to it. */
  | { readonly kind: 'revived'; readonly ticket: Ticket; readonly place: Place; readonly revival: Revival }
  /** A dead letter that a command names is to be thrown away. */
  | { readonly kind: 'purged'; readonly letter: DeadLetter; readonly command: string }
  | ({ readonly kind: 'found' } & Found)
  /** These entries of a log do not exist: there is nothing to wait for. */
  | { readonly kind: 'hole'; readonly lane: Lane; readonly from: number; readonly to: number }
  /** WAIT has nothing up to here that is still to be read: what was there was removed before the reader came to it. */
  | { readonly kind: 'wait passed'; readonly upTo: number }
  | Hello
  | { readonly kind: 'heartbeat'; readonly sender: string }
  | ({ readonly kind: 'credit'; readonly sender: string } & Credit)
  | { readonly kind: 'begun'; readonly sender: string; readonly attempts: readonly string[] }
  | { readonly kind: 'reported'; readonly sender: string; readonly outcomes: readonly AttemptOutcome[] }
  /** A sender looked whether an upstream can be used. */
  | { readonly kind: 'checked'; readonly sender: string; readonly upstream: string; readonly ok: boolean; readonly trouble: string }
  /** MAIL FROM of these limited attempts was written so long before this was said, by the sender's monotonic clock, rounded down. */
  | { readonly kind: 'written'; readonly sender: string; readonly attempts: readonly { readonly attempt: string; readonly ageMs: number }[] }
  /** What this engine may use of all limits, which partitions share: see ShareHolder. */
  | { readonly kind: 'shares changed'; readonly shares: ShareMap }
  | { readonly kind: 'disconnected'; readonly sender: string }
  /** The size of a log as its server tells it. */
  | { readonly kind: 'measured'; readonly lane: Lane; readonly bytes: number; readonly limitBytes: number }
  /** The mail was copied to WAIT. */
  | { readonly kind: 'copied'; readonly id: string; readonly sequence: number }
  /** The copy to WAIT could not be made now. */
  | { readonly kind: 'not copied'; readonly id: string }
  /** The dead letter lies in DEAD, or need not. */
  /** `sequence`: where in DEAD; absent: it could not be kept. */
  | { readonly kind: 'buried'; readonly id: string; readonly sequence?: number }
  /** A mail's entry in STATE was written. */
  | { readonly kind: 'state written'; readonly id: string; readonly sequence: number }
  /** An operator's command. `dryRun`: it only counts. */
  | { readonly kind: 'command'; readonly command: Command; readonly dryRun: boolean }
  | { readonly kind: 'suspend'; readonly suspension: Suspension }
  /** `by` is absent when nobody is known to have lifted it. */
  | { readonly kind: 'lift'; readonly id: string; readonly by?: Pick<Intervention, 'author' | 'comment'> }
  /** These are in force, and no others. */
  | { readonly kind: 'suspensions'; readonly suspensions: readonly Suspension[] }
  /** The journal has taken the last piece of what commands do. */
  | { readonly kind: 'workOn' }
  /** Time has passed. */
  | { readonly kind: 'time' };

export interface Hello {
  readonly kind: 'hello';
  readonly sender: string;
  /** Attempts that it holds and has not finished. */
  readonly held: readonly { readonly attempt: string; readonly begun: boolean }[];
  /** Outcomes that were not acknowledged. */
  readonly outcomes: readonly AttemptOutcome[];
  readonly credits: readonly Credit[];
}

/** Room for an upstream. */
export interface Credit extends ConnectionsInForce {
  readonly window: number;
}

/** What a sender reports of an attempt. */
export interface AttemptOutcome {
  readonly attempt: string;
  readonly id: string;
  readonly tookMs?: number | undefined;
  readonly recipients: readonly RecipientOutcome[];
}

export interface RecipientOutcome {
  readonly recipients: readonly number[];
  readonly outcome: OutcomeKind;
  readonly reply: Reply;
}

export type OutcomeKind =
  | 'delivered'
  | 'deferred'
  | 'bounced'
  | 'inDoubt'
  | 'upstreamDown'
  | 'draining'
  | 'tooLate'
  | 'bodyUnavailable'
  | 'bodyLost'
  | 'upstreamLacksExtension';

/** The attempts that a sender says have begun. */
export function begunBy(input: Input): readonly string[] {
  if (input.kind === 'begun') return input.attempts;
  return input.kind === 'hello' ? input.held.filter(({ begun }) => begun).map(({ attempt }) => attempt) : [];
}
