import { type Measurement, measure, type Order, patienceMs } from '../measure.ts';
import type { Rig } from '../rig.ts';
import { sharedNow } from '../shared-time.ts';
import type { System } from '../system/system.ts';
import { readUsage } from '../system/usage.ts';
import type { SmtpSink } from './smtp-sink.ts';
import { runSmtpSource } from './smtp-source.ts';
import type { PostfixTools } from './tools.ts';

/** Few enough to cost nothing, many enough for a percentile. */
const probesPerSecond = 25;

/**
 * Rates by postfix's tools, which take less of the machine than ours; they tell nothing about a single mail. So a trickle of our own mails
 * goes with theirs, to an upstream of its own, and stands for all in the percentiles.
 */
export async function measureByPostfix(rig: Rig, system: System, order: Order, tools: PostfixTools, sink: SmtpSink): Promise<Measurement> {
  const before = { mails: sink.mails, cpuMs: readUsage(sink.pid).cpuMs };
  const source = runSmtpSource({ ...order, program: tools.smtpSource, port: system.relayPort });
  const probes: Order = { ...order, sessions: 2, ratePerSecond: probesPerSecond, mails: Math.ceil((probesPerSecond * order.forMs) / 1000) };
  const probe = await measure(rig, system, probes, async () => whenArrived(sink, before.mails + (await source).accepted));
  const { startedAt, endedAt, accepted } = await source;
  const delivered = sink.mails - before.mails;
  const { sink: probeSink = 0, load = 0, ...programs } = probe.cpuMsPerMail;
  const perMail = (cpuMs: number) => (cpuMs * probe.accepted) / (probe.accepted + accepted);
  return {
    ...probe,
    accepted: accepted + probe.accepted,
    delivered: delivered + probe.delivered,
    acceptedPerSecond: (accepted * 1000) / (endedAt - startedAt),
    deliveredPerSecond: (delivered * 1000) / (sink.lastAt - startedAt),
    cpuMsPerMail: {
      ...Object.fromEntries(Object.entries(programs).map(([name, cpuMs]) => [name, perMail(cpuMs)])),
      probe: perMail(probeSink + load),
      'smtp-sink': (readUsage(sink.pid).cpuMs - before.cpuMs) / accepted,
    },
  };
}

/** Comes back too when nothing has arrived for a long time: what is missing is then seen in the figures. */
async function whenArrived(sink: SmtpSink, mails: number): Promise<void> {
  const since = sharedNow();
  while (sink.mails < mails && sharedNow() - Math.max(since, sink.lastAt) < patienceMs) await new Promise((resolve) => setTimeout(resolve, 20));
}
