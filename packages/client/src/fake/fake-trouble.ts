import { refusalError, type Refusal } from './refusal.ts';

export type Trouble =
  /** Nothing is accepted. */
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** It is accepted, and the answer is lost. */
  | { readonly kind: 'lose-reply' };

/** What goes wrong with the next submissions, each trouble once. */
export class FakeTroubles {
  readonly #coming: Trouble[] = [];

  add(trouble: Trouble, times: number): void {
    for (let time = 0; time < times; time += 1) this.#coming.push(trouble);
  }

  /** Does what a submission asks for, with the next trouble if there is one. */
  around<T>(accept: () => T): T {
    const trouble = this.#coming.shift();
    if (trouble?.kind === 'refuse') throw refusalError(trouble.refusal);
    const answer = accept();
    if (trouble?.kind === 'lose-reply') throw refusalError({ code: 'UNAVAILABLE', sentence: 'the connection broke before the answer' });
    return answer;
  }
}
