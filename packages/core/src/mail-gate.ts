import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import type { Mail } from './mail.ts';

/**
 * Something that can keep mail back whichever upstream would take it: a suspension, the limit of a destination's domain. What it keeps back stands in a
 * waiting room and holds up nothing behind it.
 */
export interface MailGate {
  /** What keeps this recipient back now, as a key that is the same for all that waits for the same; undefined: it may pass. */
  closedFor(mail: Mail, recipient: number, now: Instant): string | undefined;
  /**
   * Milliseconds until this may let mail through again; 0: now. Infinity: only something that the engine is told can open it, and `recheckGate` has to be called then.
   */
  opensIn(key: string, now: Instant): number;
}

export interface ClosedGate {
  readonly gate: MailGate;
  readonly key: string;
}

/** The first gate that keeps this recipient back. */
export function closedGate({ gates }: EngineState, mail: Mail, recipient: number, now: Instant): ClosedGate | undefined {
  for (const gate of gates) {
    const key = gate.closedFor(mail, recipient, now);
    if (key !== undefined) return { gate, key };
  }
  return undefined;
}

/** A gate has changed by what the engine was told, so that what waits for this key may go, or may go sooner than was thought. */
export function recheckGate(state: EngineState, key: string): void {
  for (const { parking } of state.destinations) parking.recheck(key);
}
