import type { Mail } from '@posthaste/sink';

export interface MailboxLimits {
  readonly maxMails: number;
  readonly maxBytes: number;
}

/** A mail under the name by which it is asked for. */
export interface CaughtMail {
  readonly id: string;
  readonly mail: Mail;
}

export type MailboxChange = { readonly kind: 'added'; readonly caught: CaughtMail } | { readonly kind: 'removed' };

/** The last mails, in memory: when a limit is passed the oldest go. */
export class Mailbox {
  readonly limits: MailboxLimits;
  readonly #nameMail: (mail: Mail) => string;
  readonly #watchers = new Set<(change: MailboxChange) => void>();
  /** In the order of arrival. */
  readonly #mails = new Map<string, CaughtMail>();
  #bytes = 0;

  /** `nameMail` makes the id. */
  constructor(limits: MailboxLimits, nameMail: (mail: Mail) => string) {
    this.limits = limits;
    this.#nameMail = nameMail;
  }

  get count(): number {
    return this.#mails.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(mail: Mail): void {
    const caught = { id: this.#nameMail(mail), mail };
    this.#mails.set(caught.id, caught);
    this.#bytes += mail.raw.length;
    this.#makeRoom();
    this.#tell({ kind: 'added', caught });
  }

  get(id: string): CaughtMail | undefined {
    return this.#mails.get(id);
  }

  /** Newest first, `start` of them passed over. */
  newest(start: number, limit: number): readonly CaughtMail[] {
    const end = Math.max(0, this.#mails.size - start);
    return [...this.#mails.values()].slice(Math.max(0, end - limit), end).reverse();
  }

  /** False when there is none of that id. */
  remove(id: string): boolean {
    const removed = this.#drop(id);
    if (removed) this.#tell({ kind: 'removed' });
    return removed;
  }

  clear(): void {
    this.#mails.clear();
    this.#bytes = 0;
    this.#tell({ kind: 'removed' });
  }

  /** Called after each change, at once; must not throw. */
  watch(watcher: (change: MailboxChange) => void): void {
    this.#watchers.add(watcher);
  }

  #makeRoom(): void {
    for (const id of this.#mails.keys()) {
      if (this.#mails.size <= this.limits.maxMails && this.#bytes <= this.limits.maxBytes) return;
      this.#drop(id);
    }
  }

  #drop(id: string): boolean {
    this.#bytes -= this.#mails.get(id)?.mail.raw.length ?? 0;
    return this.#mails.delete(id);
  }

  #tell(change: MailboxChange): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}
