import type { OutcomeKind, RecipientOutcome } from '../engine-input.ts';
import type { Reply } from '../journal.ts';
import { domainOf } from '../domain.ts';
import type { Ticket } from '../ticket.ts';
import type { MailFromLog } from './mail-from-log.ts';
import type { Random } from './random.ts';

/** One of every class, with and without a hint. */
const replies: Partial<Record<OutcomeKind, readonly Reply[]>> = {
  delivered: [{ code: 250, text: 'Ok' }],
  deferred: [
    { code: 451, enhanced: '4.3.0', text: 'Try again later' },
    { code: 450, enhanced: '4.2.0', text: 'Greylisted for 5 seconds' },
    { code: 421, enhanced: '4.7.28', text: 'Rate limited' },
    { code: 421, text: 'Too many connections' },
    { code: 452, enhanced: '4.2.2', text: 'Over quota' },
    { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' },
  ],
  bounced: [
    { code: 550, enhanced: '5.1.1', text: 'No such user' },
    { code: 552, enhanced: '5.2.2', text: 'Mailbox full' },
    { code: 552, enhanced: '5.3.4', text: 'Message too big' },
    { code: 554, enhanced: '5.7.1', text: 'Spam' },
    { code: 535, enhanced: '5.7.8', text: 'Authentication credentials invalid' },
  ],
};

/** How often a recipient is deferred or refused: in some runs much fails, and much of what operators do is done to what has failed. */
interface Temper {
  readonly deferred: number;
  readonly bounced: number;
}

const tempers: readonly Temper[] = [
  { deferred: 0.2, bounced: 0.07 },
  { deferred: 0.6, bounced: 0.05 },
  { deferred: 0.1, bounced: 0.4 },
  { deferred: 0, bounced: 0.8 },
];

/** Upstreams that answer by chance, can be down, and remember what reached them. */
export class VirtualUpstreams {
  readonly names: readonly string[];
  readonly #down = new Set<string>();
  readonly #random: Random;
  readonly #mailFroms: MailFromLog;
  readonly #temper: Temper;
  /** How often each recipient's mail arrived, by `<id>/<recipient>`. */
  readonly received = new Map<string, number>();
  /** All that is in `received`, together. */
  arrivals = 0;
  /** Every answer is a yes. */
  kind = false;

  constructor(names: readonly string[], random: Random, mailFroms: MailFromLog) {
    this.#mailFroms = mailFroms;
    this.names = names;
    this.#random = random;
    this.#temper = random.pick(tempers) as Temper;
  }

  isDown(name: string): boolean {
    return this.#down.has(name);
  }

  toggle(): void {
    const name = this.#random.pick(this.names) ?? '';
    if (!this.#down.delete(name)) this.#down.add(name);
  }

  calmDown(): void {
    this.#down.clear();
    this.kind = true;
  }

  /** MAIL FROM of a transaction for these is written now. */
  begin(upstream: string, { recipients: all }: Ticket, recipients: readonly number[], now: number): void {
    this.#mailFroms.note(upstream, new Set(recipients.map((recipient) => domainOf(all[recipient]?.address ?? ''))), now);
  }

  /** One transaction. */
  deliver(upstream: string, ticket: Ticket, recipients: readonly number[]): RecipientOutcome[] {
    if (this.#down.has(upstream)) return [{ recipients, outcome: 'upstreamDown', reply: { code: 0, text: 'connection refused' } }];
    if (!this.kind && this.#random.chance(0.03)) return [{ recipients, outcome: 'bodyUnavailable', reply: { code: 0, text: 'no body' } }];
    const lostReply = !this.kind && this.#random.chance(0.08);
    return recipients.map((recipient) => this.#answer(ticket, recipient, lostReply));
  }

  #answer(ticket: Ticket, recipient: number, lostReply: boolean): RecipientOutcome {
    const outcome = this.#judge(lostReply);
    const arrived = outcome === 'delivered' || (outcome === 'inDoubt' && this.#random.chance(0.5));
    if (arrived) this.#receive(`${ticket.id}/${recipient}`);
    return { recipients: [recipient], outcome, reply: this.#random.pick(replies[outcome] ?? []) ?? { code: 0, text: outcome } };
  }

  #judge(lostReply: boolean): OutcomeKind {
    if (this.kind) return 'delivered';
    if (this.#random.chance(this.#temper.deferred)) return 'deferred';
    if (this.#random.chance(this.#temper.bounced)) return 'bounced';
    return lostReply ? 'inDoubt' : 'delivered';
  }

  #receive(key: string): void {
    this.arrivals += 1;
    this.received.set(key, (this.received.get(key) ?? 0) + 1);
  }
}
