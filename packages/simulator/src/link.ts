import type { Attempt, Input } from '@posthaste/core';
import type { Random } from '@posthaste/core/simulation';
import type { Agenda } from './agenda.ts';
import type { Network } from './workload.ts';

/** What a scheduler says to a sender. `heard`: it has heard what the sender said at that time, so the lease has begun anew since. */
export type Word =
  /** Each with the milliseconds for which it is still useful; undefined: for ever. */
  | { readonly kind: 'batch'; readonly attempts: readonly { readonly attempt: Attempt; readonly leftMs: number | undefined }[] }
  | { readonly kind: 'acknowledge' | 'cancel' | 'confirm'; readonly attempts: readonly string[] }
  /** So many connections to the upstream, and no more. The last number counts. */
  | { readonly kind: 'allot'; readonly upstream: string; readonly connections: number; readonly number: number }
  | { readonly kind: 'heard'; readonly saidAt: number }
  | { readonly kind: 'ended' };

export interface Ends {
  /** At the scheduler. */
  heard(input: Input, saidAt: number): void;
  /** At the sender. */
  told(word: Word): void;
}

/** How late a word can come that others overtake. */
const mostDelayMs = 50;

/** A stream between a sender and a scheduler. The hello comes first; what follows may be repeated or overtaken, as the network's model says. */
export class Link {
  readonly sender: string;
  open = true;
  heardAt: number;
  readonly #agenda: Agenda;
  readonly #network: Network;
  readonly #random: Random;
  readonly #ends: Ends;

  constructor(sender: string, agenda: Agenda, network: Network, random: Random, ends: Ends) {
    this.sender = sender;
    this.heardAt = agenda.now;
    this.#agenda = agenda;
    this.#network = network;
    this.#random = random;
    this.#ends = ends;
  }

  toScheduler(input: Input): void {
    const saidAt = this.#agenda.now;
    this.#carry(input.kind === 'hello', () => {
      this.heardAt = this.#agenda.now;
      this.#ends.heard(input, saidAt);
    });
  }

  toSender(word: Word): void {
    this.#carry(false, () => this.#ends.told(word));
  }

  /** What is under way is lost; both ends notice. */
  cut(): void {
    if (!this.open) return;
    this.open = false;
    this.#agenda.after(this.#network.latencyMs, () => {
      this.#ends.heard({ kind: 'disconnected', sender: this.sender }, this.#agenda.now);
      this.#ends.told({ kind: 'ended' });
    });
  }

  #carry(isFirst: boolean, arrive: () => void): void {
    const { latencyMs, repeated, reordered } = this.#network;
    const land = () => void (this.open && arrive());
    const late = !isFirst && reordered > 0 && this.#random.chance(reordered) ? this.#random.below(mostDelayMs) : 0;
    this.#agenda.after(latencyMs + late, land);
    if (!isFirst && repeated > 0 && this.#random.chance(repeated)) this.#agenda.after(latencyMs + this.#random.below(mostDelayMs), land);
  }
}
