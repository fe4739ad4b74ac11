import type { Effect, Step } from '../effect.ts';
import { Engine } from '../engine.ts';
import { defaultPolicy, type EnginePolicy } from '../engine-state.ts';
import type { AttemptOutcome, Hello, Input, Instant, OutcomeKind } from '../engine-input.ts';
import type { JournalEvent, Reply } from '../journal.ts';
import type { Lane } from '../lane.ts';
import type { Command, Progress, Verb } from '../operation/command.ts';
import type { Intervention } from '../operation/intervention.ts';
import type { Selector } from '../operation/selector.ts';
import type { RecipientState } from '../recipient.ts';
import { Router, type Route } from '../router.ts';
import type { Attempt } from '../sender-table.ts';
import type { Place, Ticket } from '../ticket.ts';
import type { UpstreamGroup } from '../upstream-rules.ts';
import { Random } from './random.ts';

export const began = 1_700_000_000_000;

/** One failure is enough to take an upstream for down. */
export const touchy: Partial<EnginePolicy> = { breaker: { ...defaultPolicy.breaker, failures: 1 } };

const random = new Random(1);

export function ticketOf(parts: Partial<Ticket> = {}): Ticket {
  return {
    id: random.id(),
    tenant: 'acme',
    lane: 'normal',
    from: 'sender@example.org',
    recipients: [{ address: 'someone@example.net' }],
    acceptedAt: began,
    size: 1_000,
    ...parts,
  };
}

export function recipientsOf(count: number, domain = 'example.net'): Ticket['recipients'] {
  return Array.from({ length: count }, (_, index) => ({ address: `r${index}@${domain}` }));
}

export interface StageOptions {
  readonly upstreams?: readonly string[];
  readonly groups?: readonly UpstreamGroup[];
  /** Before the one of `other.example`. */
  readonly routes?: readonly Route[];
  readonly policy?: Partial<EnginePolicy>;
  readonly epoch?: number;
}

/** An engine on a stage of its own: time stands still until `pass`, and whatever is said is acknowledged at once. */
export class Stage {
  readonly engine: Engine;
  readonly events: JournalEvent[] = [];
  readonly effects: Effect[] = [];
  /** Attempts sent and not looked at. */
  #sent: Attempt[] = [];
  #elapsed = 0;
  #wallAhead = 0;
  readonly #sequences = new Map<string, number>();

  /** `other.example` goes to the last of the upstreams, all else to the first. */
  constructor({ upstreams = ['main'], groups = [], routes = [], policy = {}, epoch = 1 }: StageOptions = {}) {
    const toLast: Route = { match: { kind: 'domain', value: 'other.example' }, upstream: upstreams.at(-1) ?? '' };
    const router = new Router(upstreams, [...routes, toLast], groups);
    this.engine = new Engine({ epoch, router, policy: { ...defaultPolicy, ...policy } });
  }

  get now(): Instant {
    return { wall: began + this.#elapsed + this.#wallAhead, mono: this.#elapsed };
  }

  tell(input: Input): Step {
    this.engine.handle(input, this.now);
    return this.step();
  }

  step(): Step {
    const step = this.engine.takeStep(this.now);
    this.events.push(...step.records.map(({ event }) => event));
    this.effects.push(...step.effects);
    for (const effect of step.effects) if (effect.kind === 'send') this.#sent.push(...effect.attempts);
    return step;
  }

  /** Somebody sets the wall clock, ahead or back, and the engine finds it so at its next step. */
  setWallClock(byMs: number): Step {
    this.#wallAhead += byMs;
    return this.step();
  }

  pass(ms: number): Step {
    this.#elapsed += ms;
    return this.tell({ kind: 'time' });
  }

  /** Time passes, and the engine is not told. */
  rest(ms: number): void {
    this.#elapsed += ms;
  }

  /** The next entry of the lane's log. */
  arrive(parts: Partial<Ticket> = {}): Ticket {
    const ticket = ticketOf(parts);
    this.tell({ kind: 'arrived', ticket, place: this.nextPlace(ticket.lane) });
    return ticket;
  }

  nextPlace(source: Lane | 'wait'): Place {
    const sequence = (this.#sequences.get(source) ?? 0) + 1;
    this.#sequences.set(source, sequence);
    return source === 'wait' ? { kind: 'wait', sequence } : { kind: 'log', lane: source, sequence };
  }

  join(sender: string, credits: Record<string, number> = { main: 10 }, said: Partial<Hello> = {}): Step {
    const rooms = Object.entries(credits).map(([upstream, window]) => ({ upstream, window }));
    return this.tell({ kind: 'hello', sender, held: [], outcomes: [], credits: rooms, ...said });
  }

  /** An operator's command, worked off until nothing is left but what senders are asked for. Returns its id. */
  command(verb: Verb, selector: Selector = {}, { dryRun = false, by = {} }: CommandOptions = {}): string {
    const command = commandOf(verb, selector, by);
    this.tell({ kind: 'command', command, dryRun });
    this.workOff();
    return command.id;
  }

  workOff(): void {
    while (this.effects.some(({ kind }) => kind === 'workOn')) {
      this.effects.splice(0);
      this.tell({ kind: 'workOn' });
    }
  }

  progressOf(command: string): Progress | undefined {
    return this.engine.command(command)?.progress;
  }

  /** What was sent and not taken. */
  get sent(): readonly Attempt[] {
    return this.#sent;
  }

  /** What was sent since this was asked for last. */
  takeSent(): Attempt[] {
    return this.#sent.splice(0);
  }

  /** The one attempt that was sent since this was asked for last. */
  takeOnlySent(): Attempt {
    const [attempt, ...others] = this.takeSent();
    if (!attempt || others.length > 0) throw new Error(`${others.length + (attempt ? 1 : 0)} attempts were sent, expected 1`);
    return attempt;
  }

  report(attempt: Attempt, outcome: OutcomeKind): Step {
    return this.tell({ kind: 'reported', sender: attempt.sender, outcomes: [outcomeOf(attempt, outcome)] });
  }

  /** The upstream answers the attempt with 4xx or 5xx. */
  refuse({ id, mail, recipients, sender }: Attempt, reply: Reply): Step {
    const groups = [{ recipients, outcome: reply.code < 500 ? ('deferred' as const) : ('bounced' as const), reply }];
    return this.tell({ kind: 'reported', sender, outcomes: [{ attempt: id, id: mail.ticket.id, recipients: groups }] });
  }

  stateOf({ id }: Ticket, recipient = 0): RecipientState | undefined {
    return this.engine.find(id)?.recipients[recipient]?.state;
  }

  /** Kinds of the events of a mail, in order. */
  storyOf({ id }: Ticket): string[] {
    return this.events.filter((event) => event.id === id).map(({ kind }) => kind);
  }
}

export interface CommandOptions {
  readonly dryRun?: boolean;
  readonly by?: Partial<Intervention>;
}

export function commandOf(verb: Verb, selector: Selector = {}, by: Partial<Intervention> = {}): Command {
  return { id: random.id(), verb, selector, by: { author: 'kim', comment: 'because', at: began, ...by } };
}

export function outcomeOf(attempt: Attempt, outcome: OutcomeKind): AttemptOutcome {
  const reply = { code: outcome === 'delivered' ? 250 : 0, text: outcome };
  return { attempt: attempt.id, id: attempt.mail.ticket.id, recipients: [{ recipients: attempt.recipients, outcome, reply }] };
}

export function effectsOf<K extends Effect['kind']>(step: Step, kind: K): Extract<Effect, { kind: K }>[] {
  return step.effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}
