import { eventually } from '@posthaste/testkit';
import type { StoryMail } from './story-mail.ts';

/** What came of one try to hand a mail in. */
export type Answer =
  | { readonly kind: 'accepted'; readonly id: string }
  /** Not now. `ambiguous`: the mail may be ours all the same, because the whole of it had been handed in. */
  | { readonly kind: 'refused'; readonly reply: string; readonly ambiguous: boolean };

/** One client at a door: hands in one mail at a time. */
export interface Client {
  submit(mail: StoryMail): Promise<Answer>;
  close(): void;
}

export interface LoadOptions {
  readonly mails: readonly StoryMail[];
  /** Clients at work at the same time. */
  readonly sessions: number;
  readonly client: () => Client;
  /** How long one mail may be refused before the load gives up. Default 45 s. */
  readonly patienceMs?: number;
}

/** Hands in every mail, again and again until each was accepted, and remembers all that it was told. */
export class Load {
  /** By id. */
  readonly accepted = new Map<string, StoryMail>();
  /** How many tries of a story's mail ended so that it may have been accepted unknown to the client. */
  readonly ambiguous = new Map<string, number>();
  /** Replies that refused, to how often they came. */
  readonly refusals = new Map<string, number>();
  /** Resolves when every mail was accepted. */
  readonly done: Promise<void>;
  readonly #options: LoadOptions;
  readonly #queue: Iterator<StoryMail>;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#queue = options.mails.values();
    this.done = Promise.all(Array.from({ length: options.sessions }, () => this.#work(options.client()))).then(() => {});
    // Whoever waits for `done` hears of a failure; until then it is no unhandled one.
    this.done.catch(() => {});
  }

  get size(): number {
    return this.accepted.size;
  }

  /** Resolves when so many were accepted. */
  async reaches(count: number): Promise<void> {
    await eventually(() => this.size >= count, { timeoutMs: 60_000, describe: `${count} mails are accepted` });
  }

  async #work(client: Client): Promise<void> {
    const { patienceMs = 45_000 } = this.#options;
    for (let next = this.#queue.next(); !next.done; next = this.#queue.next()) {
      const mail = next.value;
      await eventually(async () => this.#note(mail, await client.submit(mail)), {
        timeoutMs: patienceMs,
        intervalMs: 50,
        describe: `${mail.story} is accepted`,
      });
    }
    client.close();
  }

  /** Throws what was refused, which is then tried again. */
  #note(mail: StoryMail, answer: Answer): void {
    if (answer.kind === 'accepted') return void this.accepted.set(answer.id, mail);
    this.refusals.set(answer.reply, (this.refusals.get(answer.reply) ?? 0) + 1);
    if (answer.ambiguous) this.ambiguous.set(mail.story, (this.ambiguous.get(mail.story) ?? 0) + 1);
    throw new Error(answer.reply);
  }
}
