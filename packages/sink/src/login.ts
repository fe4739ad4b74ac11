import { beginAuth, type Exchange, type KnownUser, wrong, wrongToken } from './auth.ts';
import type { Actor } from './conduct.ts';
import type { Wire } from './wire.ts';

type State =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'asked'; readonly next: (line: string) => Exchange }
  | { readonly kind: 'known'; readonly user: string };

/** Who the client is, as far as it has shown. */
export class Login {
  readonly #wire: Wire;
  readonly #actor: Actor;
  readonly #expected: KnownUser | undefined;
  #state: State = { kind: 'anonymous' };

  constructor(wire: Wire, actor: Actor, expected: KnownUser | undefined) {
    this.#wire = wire;
    this.#actor = actor;
    this.#expected = expected;
  }

  /** Whether mail must wait for a login. */
  get missing(): boolean {
    return this.#expected !== undefined && this.#state.kind !== 'known';
  }

  get user(): string | undefined {
    return this.#state.kind === 'known' ? this.#state.user : undefined;
  }

  /** Whether the next line answers a challenge. */
  get asked(): boolean {
    return this.#state.kind === 'asked';
  }

  begin(argument: string): void {
    this.#proceed(beginAuth(argument));
  }

  answer(line: string): void {
    if (this.#state.kind === 'asked') this.#proceed(this.#state.next(line));
  }

  forget(): void {
    this.#state = { kind: 'anonymous' };
  }

  #proceed(exchange: Exchange): void {
    this.#state = exchange.kind === 'challenge' ? { kind: 'asked', next: exchange.next } : { kind: 'anonymous' };
    switch (exchange.kind) {
      case 'challenge':
        return this.#wire.reply(`334 ${exchange.text}`);
      case 'failed':
        return this.#wire.reply(exchange.reply);
      case 'given':
        return this.#judge(exchange);
    }
  }

  #judge({ by, credentials: { user, pass } }: Exchange & { kind: 'given' }): void {
    const { explainsTokens = false } = this.#expected ?? {};
    if (user !== this.#expected?.user || pass !== this.#expected.pass) return this.#proceed(by === 'token' && explainsTokens ? wrongToken : wrong);
    const accept = () => {
      this.#state = { kind: 'known', user };
    };
    this.#actor.act('auth', {}, { reply: '235 2.7.0 Welcome', accept });
  }
}
