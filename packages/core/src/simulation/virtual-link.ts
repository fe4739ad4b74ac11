import type { Input } from '../engine-input.ts';
import type { Attempt } from '../sender-table.ts';

/** What a scheduler says to a sender. `heard`: it has heard what the sender said at that time, so its lease has begun anew since. */
export type Word =
  | { readonly kind: 'batch'; readonly attempts: readonly Attempt[] }
  | { readonly kind: 'acknowledge'; readonly attempts: readonly string[] }
  | { readonly kind: 'cancel'; readonly attempts: readonly string[] }
  | { readonly kind: 'confirm'; readonly attempts: readonly string[] }
  | { readonly kind: 'heard'; readonly saidAt: number };

/** A stream between a sender and a scheduler: words arrive in order, or, once it is cut, not at all. */
export class VirtualLink {
  readonly sender: string;
  readonly toScheduler: { readonly input: Input; readonly saidAt: number }[] = [];
  readonly toSender: Word[] = [];
  open = true;

  constructor(sender: string) {
    this.sender = sender;
  }

  /** The sender's program died: what it had written still arrives. */
  end(): void {
    this.open = false;
    this.toSender.length = 0;
  }

  /** The connection broke: what was under way is lost. */
  cut(): void {
    this.end();
    this.toScheduler.length = 0;
  }
}
