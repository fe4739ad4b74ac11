import type { Action, Occasion, Playbook } from './playbook.ts';
import type { Phase } from './script.ts';
import type { Wire } from './wire.ts';

/** What a well-behaved server does at a phase: its reply, if one is due, and what follows from it. */
export interface Conduct {
  readonly reply?: string;
  accept?(): void;
}

/** Stands between a session and its wire, and does at each phase what the script says. */
export class Actor {
  readonly #wire: Wire;
  readonly #playbook: () => Playbook;
  readonly #resume: () => void;

  /** `resume` reads on after a delay. */
  constructor(wire: Wire, playbook: () => Playbook, resume: () => void) {
    this.#wire = wire;
    this.#playbook = playbook;
    this.#resume = resume;
  }

  act(phase: Phase, occasion: Occasion, conduct: Conduct): void {
    this.perform(this.#playbook().decide(phase, occasion), conduct);
  }

  perform(action: Action, conduct: Conduct): void {
    if (action.delayMs === 0) return this.#conclude(action, conduct);
    this.#wire.hold(action.delayMs, () => {
      this.#conclude(action, conduct);
      this.#resume();
    });
  }

  #conclude({ move }: Action, { reply, accept }: Conduct): void {
    switch (move.kind) {
      case 'drop':
        return this.#wire.close();
      case 'reply':
        // The reply goes first: what is accepted may be the change to TLS.
        if (move.code === 421) return this.#wire.close(move.text);
        this.#wire.reply(move.text);
        if (move.code < 400) accept?.();
        return;
      case 'proceed':
        if (reply !== undefined) this.#wire.reply(reply);
        accept?.();
    }
  }
}
