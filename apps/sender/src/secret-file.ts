import { readFileSync } from 'node:fs';

/** How a secret lies in its file: a text is all of it but the last line end; a token has no blanks around it, and may stand among some. */
export type SecretForm = 'text' | 'token';

/** A secret in a file, read anew whenever it is asked for: who changes it there need not restart anything. */
export class SecretFile {
  readonly path: string;
  readonly #form: SecretForm;
  #last: string;
  #trouble: string | undefined;

  /** Throws where the file is of no use. */
  constructor(path: string, form: SecretForm, holds: string) {
    this.path = path;
    this.#form = form;
    this.#last = readSecret(path, form, holds);
  }

  /** What it holds now; what it held last while it cannot be read, or is just being written. */
  current(): string {
    try {
      this.#last = readSecret(this.path, this.#form, 'what it held before');
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = (error as Error).message;
    }
    return this.#last;
  }

  /** Why the last look found nothing new. */
  get trouble(): string | undefined {
    return this.#trouble;
  }
}

function readSecret(path: string, form: SecretForm, holds: string): string {
  const whole = readFile(path);
  const text = form === 'token' ? whole.trim() : whole.replace(/\r?\n$/, '');
  if (text === '') throw new Error(`'${path}' is empty: expected ${holds}`);
  return text;
}

/** The system's own words name the code and the path once more. */
export function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`'${path}' cannot be read: ${error instanceof Error ? error.message.replace(/, \w+ '.*'$/, '') : String(error)}`, {
      cause: error,
    });
  }
}
