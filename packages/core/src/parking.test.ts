import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrive } from './arrival.ts';
import { dispatch } from './dispatching.ts';
import { createEngineState, defaultPolicy, type EngineState } from './engine-state.ts';
import { lanes, type Lane } from './lane.ts';
import { welcome } from './leases.ts';
import { recheckGate, type MailGate } from './mail-gate.ts';
import { conclude } from './outcome.ts';
import { nextWake } from './passing-time.ts';
import { Router } from './router.ts';
import { outcomeOf, ticketOf } from './simulation/stage.ts';
import type { Ticket } from './ticket.ts';

const at = (mono: number) => ({ wall: 1_700_000_000_000 + mono, mono });

/** A gate in front of each domain, shut until it is told otherwise. `from`: it opens by itself then. */
class DomainGate implements MailGate {
  readonly #shut: Map<string, number>;

  constructor(shut: Record<string, number>) {
    this.#shut = new Map(Object.entries(shut));
  }

  open(domain: string): void {
    this.#shut.delete(domain);
  }

  closedFor({ ticket }: { ticket: Ticket }, recipient: number, now: { mono: number }): string | undefined {
    const domain = ticket.recipients[recipient]?.address.split('@')[1] ?? '';
    return this.opensIn(domain, now) > 0 ? domain : undefined;
  }

  opensIn(domain: string, { mono }: { mono: number }): number {
    return Math.max(0, (this.#shut.get(domain) ?? -Infinity) - mono);
  }
}

interface Scene {
  readonly state: EngineState;
  readonly gate: DomainGate;
  readonly submit: (domains: readonly string[], parts?: Partial<Ticket>) => string;
  /** Recipients that are dispatched at that moment, as `id/recipient`, each delivered at once. */
  readonly serve: (mono: number, room?: number) => string[];
}

function scene(shut: Record<string, number>): Scene {
  const state = createEngineState(1, new Router(['main'], []), defaultPolicy);
  const gate = new DomainGate(shut);
  state.gates.push(gate);
  let sequence = 0;
  return {
    state,
    gate,
    submit(domains, parts = {}) {
      const ticket = ticketOf({ recipients: domains.map((domain) => ({ address: `someone@${domain}` })), ...parts });
      arrive(state, ticket, { kind: 'log', lane: ticket.lane, sequence: (sequence += 1) }, at(0));
      return ticket.id;
    },
    serve(mono, room = 1_000) {
      const served: string[] = [];
      welcome(state, { kind: 'hello', sender: 's', held: [], outcomes: [], credits: [{ upstream: 'main', window: 1 }] }, at(mono));
      for (let left = room; left > 0; left -= 1) {
        dispatch(state, at(mono));
        const [attempt] = state.senders.attemptsOf('s');
        if (!attempt) break;
        served.push(...attempt.recipients.map((recipient) => `${attempt.mail.ticket.id}/${recipient}`));
        conclude(state, attempt, outcomeOf(attempt, 'delivered'), at(mono));
      }
      return served;
    },
  };
}

describe('mail that meets a closed gate', () => {
  test('holds up nothing behind it, and goes when the gate has opened', () => {
    const { submit, serve } = scene({ 'shut.example': 5_000 });
    const kept = submit(['shut.example']);
    const other = submit(['open.example']);
    expect(serve(0)).toEqual([`${other}/0`]);
    expect(serve(4_999)).toEqual([]);
    expect(serve(5_000)).toEqual([`${kept}/0`]);
  });

  test('wakes the engine exactly then', () => {
    const { state, submit, serve } = scene({ 'shut.example': 5_000 });
    submit(['shut.example']);
    serve(1_000);
    expect(nextWake(state, at(1_000))).toBe(4_000);
  });

  test('goes without those of its recipients that the gate is for, and they follow', () => {
    const { submit, serve } = scene({ 'a.example': 5_000, 'b.example': 9_000 });
    const id = submit(['a.example', 'open.example', 'b.example']);
    expect(serve(0)).toEqual([`${id}/1`]);
    expect(serve(5_000)).toEqual([`${id}/0`]);
    expect(serve(9_000)).toEqual([`${id}/2`]);
  });

  test('whose gate only an input opens goes when that has come', () => {
    const { state, gate, submit, serve } = scene({ 'shut.example': Infinity });
    const id = submit(['shut.example']);
    expect(serve(0)).toEqual([]);
    // The sender's lease is all that is waited for.
    expect(nextWake(state, at(0))).toBe(defaultPolicy.senderLeaseMs);
    gate.open('shut.example');
    recheckGate(state, 'shut.example');
    expect(serve(1)).toEqual([`${id}/0`]);
  });

  test('is never looked at in such number that a step grows long, and the rest is looked at in the next one', () => {
    const { state, submit, serve } = scene({ 'shut.example': Infinity });
    for (let count = 0; count < 1_200; count += 1) submit(['shut.example'], { lane: 'high' });
    const other = submit(['open.example'], { lane: 'low' });
    const steps = [serve(0), serve(0), serve(0)];
    expect(nextWake(state, at(0))).not.toBe(0);
    expect(steps).toEqual([[], [], [`${other}/0`]]);
  });

  test('asks to be woken at once while there is more to look through', () => {
    const { state, submit, serve } = scene({ 'shut.example': Infinity });
    for (let count = 0; count < 600; count += 1) submit(['shut.example']);
    serve(0);
    expect(nextWake(state, at(0))).toBe(0);
  });
});

describe('when a gate opens', () => {
  test('its mail competes again: more urgent mail that never waited goes first, less urgent mail goes after', () => {
    const { submit, serve } = scene({ 'shut.example': 5_000 });
    const kept = Array.from({ length: 3 }, () => submit(['shut.example'], { lane: 'high' }));
    serve(0);
    const low = submit(['open.example'], { lane: 'low' });
    const urgent = submit(['open.example'], { lane: 'immediate' });
    expect(serve(5_000)).toEqual([urgent, ...kept, low].map((id) => `${id}/0`));
  });

  test('everything goes once, whatever gates opened when', () => {
    const domains = fc.constantFrom('a.example', 'b.example', 'c.example', 'open.example');
    const mail = fc.record({ domains: fc.array(domains, { minLength: 1, maxLength: 4 }), lane: fc.constantFrom<Lane>(...lanes) });
    const hours = fc.record({ 'a.example': fc.nat(10), 'b.example': fc.nat(10), 'c.example': fc.nat(10) });
    fc.assert(
      fc.property(fc.array(mail, { maxLength: 30 }), hours, (mails, opening) => {
        const { submit, serve } = scene(opening);
        const expected = mails.flatMap(({ domains: to, lane }) => {
          const id = submit(to, { lane });
          return to.map((_, recipient) => `${id}/${recipient}`);
        });
        const served = Array.from({ length: 11 }, (_, mono) => serve(mono, 3)).concat([serve(11)]);
        expect(served.flat().toSorted()).toEqual(expected.toSorted());
      }),
    );
  });
});
