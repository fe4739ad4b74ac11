import type { Mail } from '@posthaste/sink';

export interface MailboxLimits {
  readonly maxMails: number;
  readonly maxBytes: number;
}

/** The last mails, in memory: when a limit is passed the oldest go. */
export class Mailbox {
  readonly #limits: MailboxLimits;
  /** Oldest first. */
  #mails: Mail[] = [];
  #bytes = 0;

  constructor(limits: MailboxLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#mails.length;
  }

  add(mail: Mail): void {
    this.#mails.push(mail);
    this.#bytes += mail.raw.length;
    while (this.#mails.length > this.#limits.maxMails || this.#bytes > this.#limits.maxBytes) {
      this.#bytes -= this.#mails.shift()?.raw.length ?? 0;
    }
  }

  /** Newest first, `start` of them passed over. */
  newest(start: number, limit: number): readonly Mail[] {
    const end = Math.max(0, this.#mails.length - start);
    return this.#mails.slice(Math.max(0, end - limit), end).reverse();
  }

  clear(): void {
    this.#mails = [];
    this.#bytes = 0;
  }
}
