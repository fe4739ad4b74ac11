export interface RecentMail {
  readonly id: string;
  readonly acceptedAt: number;
}

interface Known<M> {
  readonly mail: M;
  readonly since: number;
}

/** Some 10 MB a generation. */
const mostInGeneration = 50_000;

/** Mails by their fingerprints, the last 50,000 of the window at least. Two generations, so that forgetting costs nothing. Times are monotonic. */
export class RecentMails<M extends RecentMail = RecentMail> {
  readonly #windowMs: number;
  #young = new Map<string, Known<M>>();
  #old: ReadonlyMap<string, Known<M>> = new Map();
  #youngSince = -Infinity;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(fingerprint: string, mail: M, now: number): void {
    if (this.#young.size >= mostInGeneration || now - this.#youngSince >= this.#windowMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSince = now;
    }
    this.#young.set(fingerprint, { mail, since: now });
  }

  find(fingerprint: string, now: number, withinMs = this.#windowMs): M | undefined {
    const known = this.#young.get(fingerprint) ?? this.#old.get(fingerprint);
    return known && now - known.since < withinMs ? known.mail : undefined;
  }
}
