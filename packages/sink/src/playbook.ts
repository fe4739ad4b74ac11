import { defaultKeywords, defaultMaxBytes, type Phase, type Rule, type Script } from './script.ts';

export interface Action {
  readonly delayMs: number;
  readonly move: { readonly kind: 'proceed' } | { readonly kind: 'reply'; readonly code: number; readonly text: string } | { readonly kind: 'drop' };
}

/** What a session knows when it asks; `recipients` are the ones that a rule's pattern is held against. */
export interface Occasion {
  readonly sender?: string;
  readonly recipients?: readonly string[];
}

interface Entry {
  readonly rule: Rule;
  readonly recipient: RegExp | undefined;
  readonly sender: RegExp | undefined;
  readonly action: Action;
  left: number;
}

const behave: Action = { delayMs: 0, move: { kind: 'proceed' } };

/** A script in play: the same rules, with what is left of their `times`. */
export class Playbook {
  readonly keywords: readonly string[];
  readonly maxBytes: number;
  readonly #entries: readonly Entry[];

  constructor(script: Script) {
    this.keywords = script.keywords ?? defaultKeywords;
    this.maxBytes = script.maxBytes ?? defaultMaxBytes;
    this.#entries = (script.rules ?? []).map((rule) => ({
      rule,
      recipient: rule.recipient === undefined ? undefined : toPattern(rule.recipient),
      sender: rule.sender === undefined ? undefined : toPattern(rule.sender),
      action: { delayMs: rule.delayMs ?? 0, move: toMove(rule) },
      left: rule.times ?? Infinity,
    }));
  }

  /** The first fitting rule's action; spends one of its times. */
  decide(phase: Phase, occasion: Occasion): Action {
    const entry = this.#entries.find(({ rule, left, ...patterns }) => rule.at === phase && left > 0 && fits(patterns, occasion));
    if (entry === undefined) return behave;
    entry.left -= 1;
    return entry.action;
  }
}

function fits(patterns: Pick<Entry, 'recipient' | 'sender'>, occasion: Occasion): boolean {
  const { recipient, sender } = patterns;
  if (sender !== undefined && !sender.test(occasion.sender ?? '')) return false;
  return recipient === undefined || (occasion.recipients ?? []).some((address) => recipient.test(address));
}

function toMove(rule: Rule): Action['move'] {
  if (rule.drop === true) return { kind: 'drop' };
  if (rule.reply === undefined) return { kind: 'proceed' };
  return { kind: 'reply', code: Number(rule.reply.slice(0, 3)), text: rule.reply };
}

function toPattern(glob: string): RegExp {
  const literals = glob.split('*').map((part) => part.replace(/[\\^$.|?+(){}[\]]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`, 'iu');
}
