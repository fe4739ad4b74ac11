import type { Input } from '../engine-input.ts';
import type { Attempt } from '../sender-table.ts';
import type { Random } from './random.ts';

/** What a scheduler says to a sender. `heard`: it has heard what the sender said at that time, so its lease has begun anew since. */
export type Word =
  /** `deadlines`: by the time that passes, however anybody's wall clock is set. */
  | { readonly kind: 'batch'; readonly attempts: readonly Attempt[]; readonly deadlines: readonly number[] }
  | { readonly kind: 'acknowledge'; readonly attempts: readonly string[] }
  | { readonly kind: 'cancel'; readonly attempts: readonly string[] }
  | { readonly kind: 'confirm'; readonly attempts: readonly string[] }
  | { readonly kind: 'allot'; readonly upstream: string; readonly connections: number; readonly number: number }
  | { readonly kind: 'heard'; readonly saidAt: number };

interface Said {
  readonly input: Input;
  readonly saidAt: number;
}

/** What is said again until it is heard, so that one that is lost is none. */
const saidAgain: ReadonlySet<string> = new Set(['heartbeat', 'reported', 'acknowledge', 'heard']);

/**
 * A stream between a sender and a scheduler: words arrive in order, or, once it is cut, not at all. `jumble` goes beyond what such a stream does: nobody
 * must rely on more order than that the hello comes first.
 */
export class VirtualLink {
  readonly sender: string;
  readonly toScheduler: Said[] = [];
  readonly toSender: Word[] = [];
  open = true;

  constructor(sender: string) {
    this.sender = sender;
  }

  /** The sender's program died: what it had written still arrives. */
  end(): void {
    this.open = false;
    this.toSender.length = 0;
  }

  /** A word on its way is said twice, is overtaken by the next one, or, where nothing depends on it, is lost. */
  jumble(random: Random): void {
    const words: (Said | Word)[] = random.chance(0.5) ? this.toScheduler : this.toSender;
    const index = random.below(words.length);
    const word = words[index];
    if (!word || nameOf(word) === 'hello') return;
    if (random.chance(0.4)) words.splice(random.between(index, words.length), 0, word);
    else if (random.chance(0.5)) words.push(...words.splice(index, 1));
    else if (saidAgain.has(nameOf(word))) words.splice(index, 1);
  }

  /** The connection broke: what was under way is lost. */
  cut(): void {
    this.end();
    this.toScheduler.length = 0;
  }
}

function nameOf(word: Said | Word): string {
  return 'input' in word ? word.input.kind : word.kind;
}
