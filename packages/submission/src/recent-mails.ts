export interface RecentMail {
  readonly id: string;
  readonly acceptedAt: number;
}

/** Some 10 MB a generation. */
const mostInGeneration = 50_000;

/** Mails by their fingerprints, the last 50,000 of the window at least. Two generations, so that forgetting costs nothing. */
export class RecentMails<M extends RecentMail = RecentMail> {
  readonly #windowMs: number;
  #young = new Map<string, M>();
  #old: ReadonlyMap<string, M> = new Map();
  #youngSince = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(fingerprint: string, mail: M): void {
    if (this.#young.size >= mostInGeneration || mail.acceptedAt - this.#youngSince >= this.#windowMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSince = mail.acceptedAt;
    }
    this.#young.set(fingerprint, mail);
  }

  find(fingerprint: string, now: number): M | undefined {
    const mail = this.#young.get(fingerprint) ?? this.#old.get(fingerprint);
    return mail && now - mail.acceptedAt < this.#windowMs ? mail : undefined;
  }
}
