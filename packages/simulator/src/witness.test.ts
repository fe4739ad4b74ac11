import { defaultPolicy, type Attempt, Engine, type JournalEvent, Router, type Ticket } from '@posthaste/core';
import { MailFromLog, VirtualStore } from '@posthaste/core/simulation';
import { beforeEach, describe, expect, it } from 'vitest';
import { Measures } from './measures.ts';
import { OrderWatch } from './order-watch.ts';
import { Witness } from './witness.ts';

const router = new Router(['main'], []);
const began = 1_800_000_000_000;
let measures: Measures;
let witness: Witness;
let made = 0;

beforeEach(() => {
  const order = new OrderWatch(router, defaultPolicy.lanes, new Map());
  const mailFroms = new MailFromLog(new Map([['main', { limits: { perSecond: 2 }, adaptive: true }]]), new Map([['b.example', { perMinute: 3 }]]));
  measures = new Measures(defaultPolicy.lanes);
  witness = new Witness(measures, order, mailFroms);
});

function accept(parts: Partial<Ticket> = {}): Ticket {
  const id = `mail-${(made += 1)}`;
  const ticket: Ticket = {
    id,
    tenant: 'acme',
    lane: 'normal',
    from: '',
    recipients: [{ address: 'a@b.example' }],
    acceptedAt: began,
    size: 1,
    ...parts,
  };
  witness.noteAccepted(ticket, 0);
  journal({ kind: 'accepted', at: began, id, ticket, place: { kind: 'log', lane: ticket.lane, sequence: made } });
  return ticket;
}

/** At so many milliseconds after the beginning. */
function journal(event: JournalEvent, at = 0): void {
  witness.noteJournal([event], at);
}

const about = ({ id }: Ticket, at = 0) => ({ at: began + at, id, attempt: `1.${id}`, recipients: [0] });
const started = (ticket: Ticket, at = 0): JournalEvent => ({ kind: 'started', ...about(ticket, at), upstream: 'main', sender: 's' });
const delivered = (ticket: Ticket): JournalEvent => ({ kind: 'delivered', ...about(ticket), tenant: 'acme', reply: { code: 250, text: 'Ok' } });
const attempt = (ticket: Ticket): Attempt => ({ mail: { ticket }, recipients: [0] }) as unknown as Attempt;

describe('the witness', () => {
  it('lets pass what is in order', () => {
    const ticket = accept();
    journal(started(ticket));
    witness.noteArrival(attempt(ticket), 0, 5);
    journal(delivered(ticket), 6);
    expect(witness.unfinished).toBe(0);
  });

  it('sees a mail that has no entry any more', () => {
    const ticket = accept();
    expect(() => witness.checkStore(new VirtualStore())).toThrow(`${ticket.id} was accepted and is lost`);
  });

  it('sees a second arrival, but for a doubt that is journalled', () => {
    const ticket = accept();
    journal(started(ticket));
    witness.noteArrival(attempt(ticket), 0, 5);
    expect(() => witness.noteArrival(attempt(ticket), 0, 6)).toThrow('arrived 2 times with 0 doubts');
    const other = accept();
    journal(started(other));
    witness.noteArrival(attempt(other), 0, 5);
    journal({ kind: 'doubted', ...about(other), tenant: 'acme', reply: { code: 0, text: '' } });
    expect(() => witness.noteArrival(attempt(other), 0, 6)).not.toThrow();
  });

  it('sees a delivery that never arrived', () => {
    const ticket = accept();
    journal(started(ticket));
    expect(() => journal(delivered(ticket))).toThrow('is called delivered and never arrived');
  });

  it('sees what is started twice, too early, or too late', () => {
    const twice = accept();
    journal(started(twice));
    expect(() => journal(started(twice))).toThrow('was started while {"kind":"sending"');
    const later = accept({ due: began + 60_000 });
    expect(() => journal(started(later, 59_000), 59_000)).toThrow('was started while {"kind":"queued"');
    const old = accept({ deadline: began + 60_000, byAge: true });
    expect(() => journal(started(old, 60_000), 60_000)).toThrow('was started after it had lived for long enough');
    const deferred = accept();
    journal(started(deferred));
    const reply = { code: 451, text: '' };
    journal({ kind: 'deferred', ...about(deferred), reason: 'UPSTREAM_DEFERRED', reply, due: began + 60_000 });
    expect(() => journal(started(deferred, 50_000), 50_000)).toThrow('was started while {"kind":"queued"');
  });

  it('sees low mail that goes while immediate mail waits, beyond its share', () => {
    accept({ lane: 'immediate' });
    const low = Array.from({ length: 10 }, () => accept({ lane: 'low' }));
    expect(() => low.forEach((ticket) => journal(started(ticket)))).toThrow('dispatches went to other lanes while immediate mail waited');
  });

  it('sees more MAIL FROM in a window than an upstream or a domain is allowed', () => {
    const write = (upstream: string, at: number) => witness.noteMailFrom(upstream, attempt(accept()), at);
    write('main', 0);
    write('main', 500);
    expect(() => write('main', 999)).toThrow('upstream main was given 3 messages within a window of 1000 ms, and 2 are allowed');
    for (const at of [70_000, 70_000, 70_001]) write('other', at);
    expect(() => write('other', 129_999)).toThrow('domain b.example was given 4 messages within a window of 60000 ms, and 3 are allowed');
  });

  it('takes mail in doubt as sent where the policy says so, and counts what is held', () => {
    const sent = accept();
    journal(started(sent));
    journal({ kind: 'doubted', ...about(sent), tenant: 'acme', reply: { code: 0, text: '' } });
    journal({ ...delivered(sent), presumed: true } as JournalEvent);
    const held = accept();
    journal(started(held));
    journal({ kind: 'doubted', ...about(held), tenant: 'acme', reply: { code: 0, text: '' } });
    const { at, id, recipients } = about(held);
    journal({ kind: 'held', at, id, recipients, reason: 'IN_DOUBT', author: 'policy', comment: '' });
    expect([witness.unfinished, witness.held]).toEqual([1, 1]);
    expect([...measures.byLane.values()].map(({ delivered, presumed }) => [delivered, presumed])).toEqual([[1, 1]]);
    const lie = accept();
    journal(started(lie));
    expect(() => journal({ ...delivered(lie), presumed: true } as JournalEvent)).toThrow('is called delivered and never arrived');
  });

  it('sees a mail that the engine has forgotten', () => {
    accept();
    const engine = new Engine({ epoch: 1, router });
    expect(() => witness.checkEngine(engine, began, true)).toThrow('is unknown, by the journal queued');
  });

  it('sees a storm of wakes that find nothing to do', () => {
    const wake = () => witness.noteWake(500, true);
    expect(() => Array.from({ length: 101 }, wake)).toThrow('in second 0 the engine was woken');
  });
});
