import type { WrittenLane } from '../lane.ts';
import type { Intervention } from './intervention.ts';
import type { Selector } from './selector.ts';

/** What is to be done with each recipient that is named. */
export type Verb =
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  | { readonly kind: 'cancel' }
  /** Ready at once, whatever time it waits for. */
  | { readonly kind: 'retry' }
  /** Not before `due`, wall clock. */
  | { readonly kind: 'reschedule'; readonly due: number }
  /** Of the whole mail, whichever of its recipients is named. */
  | ({ readonly kind: 'changeLane' } & WrittenLane)
  /** By this upstream or group instead of the one that the routes pick. */
  | { readonly kind: 'move'; readonly upstream: string }
  /** Dead letters are queued again. */
  | { readonly kind: 'revive' }
  /** Dead letters are thrown away before their time. */
  | { readonly kind: 'purge' };

/** An operator's command. */
export interface Command {
  /** A UUID: a command that comes again is the same one. */
  readonly id: string;
  readonly verb: Verb;
  readonly selector: Selector;
  readonly by: Intervention;
}

/** Why a recipient that a command names stays as it is. */
export type Unchanged =
  /** Its transaction has begun, and came to an end that is final. */
  | 'TOO_LATE'
  | 'FINAL'
  /** It is as the command would make it. */
  | 'ALREADY_SO'
  /** It is held: to be released first. */
  | 'HELD'
  /** The command means nothing in its present state. */
  | 'NOT_APPLICABLE'
  /** Nothing that is under way (or, for dead letters, that is kept) has this id; counted once an id. */
  | 'NOT_FOUND'
  /** The dead letter is not kept any more. */
  | 'BODY_GONE';

/** How far a command is, in recipients. */
export interface Progress {
  /** All that is named has been gone through, and no sender is still to answer. */
  readonly done: boolean;
  /** Named, as far as was looked. */
  readonly matched: number;
  readonly changed: number;
  /** Their sender was asked to leave them, and their attempt has not ended. */
  readonly pending: number;
  readonly unchanged: Readonly<Partial<Record<Unchanged, number>>>;
}
