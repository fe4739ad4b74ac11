import { measure, warmUp } from '../measure.ts';
import { percentiles, type Percentiles } from '../report/percentiles.ts';
import { type Rig, withSystem } from '../rig.ts';
import { sharedNow } from '../shared-time.ts';
import type { System } from '../system/system.ts';

export interface UrgentResult {
  readonly waiting: number;
  /** What the upstream takes in a second at most. */
  readonly upstreamPerSecond: number;
  readonly urgent: number;
  /** From the reply to the final dot at the upstream, of the urgent mails. */
  readonly toDeliveryMs: Percentiles;
  /** Bulk that went out beside it. */
  readonly bulkPerSecond: number;
  readonly missing: number;
}

const defaultMails = 100_000;
const sizeBytes = 2_048;
const connections = 20;
const upstreamDelayMs = 100;
const urgentPerSecond = 50;
const longestLoadMs = 300_000;

/** Immediate mail into a full house, in durable mode: bulk waits by the hundred thousand for an upstream that takes no more than it does. */
export async function runUrgent(rig: Rig): Promise<UrgentResult> {
  return withSystem(rig, 'durable', (system) => overtake(rig, system));
}

async function overtake(rig: Rig, system: System): Promise<UrgentResult> {
  await measure(rig, system, warmUp);
  await rig.sink.ask('script', { rules: [{ at: 'final', delayMs: upstreamDelayMs }] });
  const mails = rig.options.mails ?? defaultMails;
  const urgent = Math.ceil((urgentPerSecond * Math.max(rig.options.forMs, 10_000)) / 1_000);
  await rig.sink.ask('expect', mails + urgent);
  const order = { port: system.relayPort, sizeBytes, forMs: longestLoadMs, pipelining: rig.options.pipelining };
  const bulk = await rig.load.ask('generate', { ...order, sessions: 20, mails, lane: 'low' });
  const [sentBefore, begunAt] = [await rig.sink.ask('delivered', undefined), sharedNow()];
  const load = await rig.load.ask('generate', {
    ...order,
    sessions: 10,
    mails: urgent,
    firstNumber: mails,
    lane: 'immediate',
    ratePerSecond: urgentPerSecond,
  });
  const accepted = load.acceptedAt.filter((at) => !Number.isNaN(at)).length;
  const waiting = bulk.acceptedAt.filter((at) => !Number.isNaN(at)).length - sentBefore;
  const bulkPerSecond = (((await rig.sink.ask('delivered', undefined)) - sentBefore - accepted) * 1_000) / (sharedNow() - begunAt);
  // The bulk behind it is not waited for: it would take many minutes, and says nothing of what is measured.
  const { deliveredAt } = await whenUrgentArrived(rig, mails, load.begun);
  const toDelivery = load.acceptedAt.map((at, number) => Math.max((deliveredAt[mails + number] ?? Number.NaN) - at, 0));
  const arrived = toDelivery.filter((ms) => !Number.isNaN(ms));
  return {
    waiting,
    upstreamPerSecond: (connections * 1_000) / upstreamDelayMs,
    urgent: accepted,
    toDeliveryMs: percentiles(arrived),
    bulkPerSecond,
    missing: accepted - arrived.length,
  };
}

/** Urgent mail that was begun last may still be under way: so much later it is not. */
async function whenUrgentArrived(rig: Rig, firstNumber: number, begun: number) {
  const { delivered } = await rig.sink.ask('summary', undefined);
  await rig.sink.ask('whenDelivered', { count: delivered + begun, patienceMs: 1_000 });
  const summary = await rig.sink.ask('summary', undefined);
  if (summary.deliveredAt.length < firstNumber + begun) throw new Error('the sink was told of fewer mails than were sent');
  return summary;
}
