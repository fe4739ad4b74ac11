import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectionShares, type Allotment } from './connection-shares.ts';
import { effectsOf, Stage } from './simulation/stage.ts';

/** A sender that does what it is told, some time later: it closes what is too much one by one. */
interface Puppet {
  open: number;
  readonly heard: Allotment[];
  kept: Allotment | null;
}

describe('shares of connections', () => {
  test('never come to more than the maximum, whatever senders come, go, and answer late; and all of it is used when they have answered', () => {
    const move = fc.record({
      who: fc.constantFrom('a', 'b', 'c', 'd'),
      what: fc.constantFrom('join', 'hear', 'open', 'close', 'confirm', 'disconnect', 'forget'),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), (moves, most) => {
        const shares = new ConnectionShares(most);
        const puppets = new Map<string, Puppet>();
        const gone = new Set<Puppet>();
        const tell = () => {
          for (const allotment of shares.rebalance(true)) puppets.get(allotment.sender)?.heard.push(allotment);
        };
        for (const { who, what } of moves) {
          const puppet = puppets.get(who);
          if (what === 'join' && !puppet) {
            puppets.set(who, { open: 0, heard: [], kept: null });
            shares.join(who, 0);
          } else if (puppet) act(puppet, who, what, shares, puppets, gone);
          tell();
          const all = [...puppets.values(), ...gone];
          expect(all.reduce((sum, { open }) => sum + open, 0)).toBeLessThanOrEqual(most);
        }
        for (let round = 0; round < 3; round += 1) {
          for (const [who, puppet] of puppets) {
            for (const what of ['hear', 'hear', 'hear', ...Array.from({ length: 9 }, () => 'close'), 'confirm'])
              act(puppet, who, what, shares, puppets, gone);
            tell();
          }
        }
        const connected = [...puppets.keys()];
        if (connected.length > 0 && gone.size === 0) expect(shares.inForce).toBe(most);
      }),
      { numRuns: 300 },
    );
  });

  function act(puppet: Puppet, who: string, what: string, shares: ConnectionShares, puppets: Map<string, Puppet>, gone: Set<Puppet>): void {
    const allowed = puppet.kept?.connections ?? 0;
    if (what === 'hear') puppet.kept = puppet.heard.shift() ?? puppet.kept;
    if (what === 'open' && puppet.open < allowed) puppet.open += 1;
    if (what === 'close' && puppet.open > allowed) puppet.open -= 1;
    if (what === 'confirm' && puppet.kept) shares.confirm(who, Math.max(puppet.open, allowed), puppet.kept.number);
    if (what === 'disconnect') {
      shares.disconnect(who);
      puppets.delete(who);
      gone.add(puppet);
    }
    if (what === 'forget') {
      // When its lease ends it has closed everything.
      puppets.delete(who);
      shares.forget(who);
    }
  }
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
