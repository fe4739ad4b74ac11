import { freePort } from '@posthaste/testkit';
import { domainOf } from '../load/message.ts';
import { measure, warmUp } from '../measure.ts';
import { type Rig, withSystem } from '../rig.ts';
import { sharedNow } from '../shared-time.ts';
import type { System } from '../system/system.ts';

export interface NeighboursRound {
  readonly trouble: boolean;
  /** Of the eight upstreams that are well in both kinds of round. */
  readonly deliveredPerSecond: number;
  readonly accepted: number;
}

const upstreams = 10;
const [dead, slow] = [8, 9];
const slowMs = 5_000;
const sizeBytes = 10_240;
const sessions = 20;
const rounds = [false, true, false, true, false, true];
/** What the door lets in while two upstreams take nothing has to fit. */
const mostMails = 100_000;

/** Ten upstreams share all mail evenly, in fast mode: what a dead one and a slow one cost the other eight. */
export async function runNeighbours(rig: Rig, onRound: (round: NeighboursRound) => void): Promise<readonly NeighboursRound[]> {
  const results: NeighboursRound[] = [];
  for (const trouble of rounds) {
    const nobodyThere = await freePort();
    const ports = Array.from({ length: upstreams }, (_, index) => [`u${index}`, trouble && index === dead ? nobodyThere : rig.upstreamPort]);
    const routes = [...Array.from({ length: upstreams }, (_, index) => `domain:${domainOf(index)}=u${index}`), '*=main'].join(',');
    const extra = { upstreams: Object.fromEntries(ports) as Record<string, number>, routes };
    const result = await withSystem(rig, 'fast', (system) => spread(rig, system, trouble), extra);
    results.push(result);
    onRound(result);
  }
  return results;
}

async function spread(rig: Rig, system: System, trouble: boolean): Promise<NeighboursRound> {
  await measure(rig, system, { ...warmUp, domains: dead });
  await rig.sink.ask('script', trouble ? { rules: [{ at: 'final', recipient: `*@${domainOf(slow)}`, delayMs: slowMs }] } : {});
  await rig.sink.ask('expect', mostMails);
  const { forMs } = rig.options;
  const order = { port: system.relayPort, sessions, sizeBytes, mails: mostMails, forMs, domains: upstreams, pipelining: rig.options.pipelining };
  const load = await rig.load.ask('generate', order);
  const { deliveredAt } = await rig.sink.ask('summary', undefined);
  await rig.sink.ask('script', {});
  const until = Math.min(load.startedAt + forMs, sharedNow());
  const well = deliveredAt.filter((at, number) => number % upstreams < dead && at <= until).length;
  return {
    trouble,
    deliveredPerSecond: (well * 1_000) / (until - load.startedAt),
    accepted: load.acceptedAt.filter((at) => !Number.isNaN(at)).length,
  };
}
