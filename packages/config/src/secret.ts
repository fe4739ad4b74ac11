import { inspect } from 'node:util';
import { hidden } from './redact.ts';

/** A text that is told only to who asks for it by name: not to a log, a JSON, an error or a debugger's print. */
export class Secret {
  readonly #text: string | undefined;

  /** Without a text: one that is somebody else's to know. */
  constructor(text?: string) {
    this.#text = text;
  }

  reveal(): string {
    if (this.#text === undefined) throw new Error('this program was not given the secret: only the sender is');
    return this.#text;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}
