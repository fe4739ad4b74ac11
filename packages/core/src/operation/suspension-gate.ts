import type { Instant } from '../engine-input.ts';
import type { EngineState } from '../engine-state.ts';
import type { Mail } from '../mail.ts';
import { recheckGate, type MailGate } from '../mail-gate.ts';
import { noteOperator } from '../recording.ts';
import type { Intervention } from './intervention.ts';
import { fitsMail, fitsRecipient } from './matching.ts';
import type { Suspension } from './suspension.ts';

/** Those in force, by their ids, in the order in which they came into force. */
export type Suspensions = Map<string, Suspension>;

/** A suspension comes into force. One that is known already is the same one. */
export function suspend(state: EngineState, suspension: Suspension, now: Instant): void {
  const { id } = suspension;
  if (state.suspensions.has(id) || isOver(suspension, now)) return;
  enforce(state, suspension);
  noteOperator(state, { kind: 'suspended', at: now.wall, id, suspension });
}

/** Without a word in the journal: it stood there before this owner came. */
export function enforce(state: EngineState, suspension: Suspension): void {
  if (state.suspensions.size === 0) state.gates.unshift(gateOf(state));
  state.suspensions.set(suspension.id, suspension);
}

/** A suspension ends: what waited for it competes again. `by` is absent when nobody is known to have lifted it. */
export function lift(state: EngineState, id: string, by: Pick<Intervention, 'author' | 'comment'> | undefined, now: Instant): void {
  if (!state.suspensions.delete(id)) return;
  noteOperator(state, { kind: 'lifted', at: now.wall, id, ...(by && { author: by.author, comment: by.comment }) });
  recheckGate(state, keyOf(id));
  if (state.suspensions.size === 0) state.gates.shift();
}

/** These are in force, and no others. */
export function reconcileSuspensions(state: EngineState, suspensions: readonly Suspension[], now: Instant): void {
  const stand = new Set(suspensions.map(({ id }) => id));
  for (const id of [...state.suspensions.keys()]) if (!stand.has(id)) lift(state, id, undefined, now);
  for (const suspension of suspensions) suspend(state, suspension, now);
}

export function endSuspensions(state: EngineState, now: Instant): void {
  for (const suspension of [...state.suspensions.values()]) if (isOver(suspension, now)) lift(state, suspension.id, undefined, now);
}

/** Milliseconds until the first one expires; Infinity when none does. */
export function nextExpiry({ suspensions }: EngineState, now: Instant): number {
  let next = Infinity;
  for (const { expires = Infinity } of suspensions.values()) next = Math.min(next, expires);
  return next - now.wall;
}

/** The first suspension that stops this recipient. */
export function suspensionOf(state: EngineState, mail: Mail, recipient: number): Suspension | undefined {
  for (const suspension of state.suspensions.values()) {
    if (fitsMail(suspension.match, mail.ticket, mail.lane.name) && fitsRecipient(state, suspension.match, mail, recipient)) return suspension;
  }
  return undefined;
}

/** It stands first among the gates, as long as there is any suspension: none costs nothing. */
function gateOf(state: EngineState): MailGate {
  return {
    closedFor: (mail, recipient) => {
      const suspension = suspensionOf(state, mail, recipient);
      return suspension && keyOf(suspension.id);
    },
    // A time that ends it is looked after by the engine itself.
    opensIn: (key) => (state.suspensions.has(key.slice(prefix.length)) ? Infinity : 0),
  };
}

const prefix = 'suspension ';

function keyOf(id: string): string {
  return prefix + id;
}

function isOver({ expires = Infinity }: Suspension, now: Instant): boolean {
  return expires <= now.wall;
}
