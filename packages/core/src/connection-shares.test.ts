import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectionShares, type Allotment } from './connection-shares.ts';
import { effectsOf, Stage } from './simulation/stage.ts';

/** A sender that does what it is told, some time later: it closes what is too much one by one. */
interface Puppet {
  open: number;
  /** Of the last allotment that it has come to. */
  allowed: number;
  number: number;
  heard: Allotment[];
  connected: boolean;
}

type Act = 'join' | 'hear' | 'open' | 'close' | 'confirm' | 'disconnect' | 'lease ends';

/** Senders that open as much as they may, and one who watches them. */
class Troupe {
  readonly shares: ConnectionShares;
  readonly #puppets = new Map<string, Puppet>();

  constructor(most: number) {
    this.shares = new ConnectionShares(most);
  }

  get open(): number {
    return [...this.#puppets.values()].reduce((sum, { open }) => sum + open, 0);
  }

  get connected(): string[] {
    return [...this.#puppets].filter(([, { connected }]) => connected).map(([who]) => who);
  }

  get gone(): number {
    return this.#puppets.size - this.connected.length;
  }

  act(who: string, what: Act): void {
    const puppet = this.#puppets.get(who) ?? { open: 0, allowed: 0, number: 0, heard: [], connected: false };
    if (what === 'join' && !puppet.connected) this.#join(who, puppet);
    else if (puppet.connected) this.#go(who, puppet, what);
    // A lease ends only when nothing was heard for long; by then the sender has closed everything.
    if (what === 'lease ends' && !puppet.connected && this.#puppets.delete(who)) this.shares.forget(who);
    for (const allotment of this.shares.rebalance(true)) this.#puppets.get(allotment.sender)?.heard.push(allotment);
  }

  #join(who: string, puppet: Puppet): void {
    this.#puppets.set(who, { ...puppet, number: 0, heard: [], connected: true });
    this.shares.join(who, Math.max(puppet.open, puppet.allowed));
  }

  #go(who: string, puppet: Puppet, what: Act): void {
    const next = what === 'hear' ? puppet.heard.shift() : undefined;
    if (next) [puppet.allowed, puppet.number] = [next.connections, next.number];
    if (what === 'open' && puppet.open < puppet.allowed) puppet.open += 1;
    if (what === 'close' && puppet.open > puppet.allowed) puppet.open -= 1;
    if (what === 'confirm') this.shares.confirm(who, Math.max(puppet.open, puppet.allowed), puppet.number);
    if (what === 'disconnect') {
      puppet.connected = false;
      this.shares.disconnect(who);
    }
  }
}

test('shares of connections never come to more than the maximum, whatever senders come, go and answer late; and all of it is given when they have answered', () => {
  const acts: readonly Act[] = ['join', 'hear', 'open', 'open', 'close', 'confirm', 'disconnect', 'lease ends'];
  const move = fc.record({ who: fc.constantFrom('a', 'b', 'c'), what: fc.constantFrom(...acts) });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 150, size: 'max' }), fc.integer({ min: 1, max: 9 }), (moves, most) => {
      const troupe = new Troupe(most);
      for (const { who, what } of moves) {
        troupe.act(who, what);
        expect(troupe.open).toBeLessThanOrEqual(most);
      }
      const settle: readonly Act[] = ['hear', 'hear', 'hear', ...Array.from({ length: 9 }, () => 'close' as const), 'confirm'];
      for (let round = 0; round < 4; round += 1) for (const who of troupe.connected) for (const what of settle) troupe.act(who, what);
      if (troupe.connected.length > 0 && troupe.gone === 0) expect(troupe.shares.inForce).toBe(most);
    }),
    { numRuns: 300 },
  );
});

describe('an upstream with a maximum of connections', () => {
  const rule = { limits: {}, maxConnections: 5, adaptive: false };
  const policy = { upstreamRules: new Map([['main', rule]]) };
  const hello = (stage: Stage, sender: string, connections: number) =>
    stage.tell({ kind: 'hello', sender, held: [], outcomes: [], credits: [{ upstream: 'main', window: 0, connections }] });
  const allotted = (step: ReturnType<Stage['step']>) => effectsOf(step, 'allot').map(({ sender, connections }) => [sender, connections]);
  const confirm = (stage: Stage, sender: string, connections: number, allotment: number) =>
    stage.tell({ kind: 'credit', sender, upstream: 'main', window: 0, connections, allotment });

  test('is all given to one sender, and split when another comes: the first gives up before the second is given', () => {
    const stage = new Stage({ policy });
    expect(allotted(hello(stage, 'one', 0))).toEqual([['one', 5]]);
    expect(allotted(hello(stage, 'two', 0))).toEqual([
      ['one', 3],
      ['two', 0],
    ]);
    expect(allotted(confirm(stage, 'one', 4, 2))).toEqual([['two', 1]]);
    expect(allotted(confirm(stage, 'one', 3, 2))).toEqual([['two', 2]]);
  });

  test('gives the share of a sender that has gone to the others when its lease has ended', () => {
    const stage = new Stage({ policy });
    hello(stage, 'one', 0);
    hello(stage, 'two', 0);
    confirm(stage, 'one', 3, 2);
    expect(allotted(stage.tell({ kind: 'disconnected', sender: 'one' }))).toEqual([]);
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 'two' });
    expect(allotted(stage.pass(5_000))).toEqual([['two', 5]]);
  });

  test('an allotment that was journalled while its sender said hello anew does not go to the new stream', () => {
    const stage = new Stage({ policy });
    const [before] = effectsOf(hello(stage, 'one', 0), 'allot');
    expect(before && stage.engine.isAllotted(before)).toBe(true);
    const [after] = effectsOf(hello(stage, 'one', 0), 'allot');
    expect(before && stage.engine.isAllotted(before)).toBe(false);
    expect(after && stage.engine.isAllotted(after)).toBe(true);
  });

  test('raises nobody after a takeover until the leases of the senders that it has not heard of have ended', () => {
    const stage = new Stage({ policy, epoch: 2 });
    stage.engine.finishRestoring(stage.now);
    expect(allotted(hello(stage, 'one', 2))).toEqual([['one', 2]]);
    stage.pass(10_000);
    stage.tell({ kind: 'heartbeat', sender: 'one' });
    expect(stage.engine.nextWake(stage.now)).toBe(5_000);
    expect(allotted(stage.pass(5_000))).toEqual([['one', 5]]);
  });
});
