import type { Measurement } from '../measure.ts';
import type { BacklogResult } from '../scenario/backlog.ts';
import type { LatencyResult } from '../scenario/latency.ts';
import type { CaseResult } from '../scenario/throughput.ts';
import type { Percentiles } from './percentiles.ts';

export function describeCase({ name, measurement }: CaseResult | LatencyResult): string {
  return [`${name}: ${measurement.accepted} mails`, ...measurementLines(measurement)].join('\n');
}

function measurementLines(measurement: Measurement): string[] {
  const { accepted, delivered, duplicates } = measurement;
  const trouble = [
    ...(delivered === accepted ? [] : [`${accepted - delivered} accepted mails DID NOT ARRIVE`]),
    ...(duplicates === 0 ? [] : [`${duplicates} mails arrived more than once`]),
    ...describeRefusals(measurement.refusals),
  ];
  return [
    row('rate', `accepted ${perSecond(measurement.acceptedPerSecond)}   delivered ${perSecond(measurement.deliveredPerSecond)}`),
    row('reply', describePercentiles(measurement.replyMs)),
    row('handover', describePercentiles(measurement.handoverMs)),
    row('to delivery', describePercentiles(measurement.toDeliveryMs)),
    row(
      'CPU ms a mail',
      describeEach(measurement.cpuMsPerMail, (ms) => ms.toFixed(3)),
    ),
    row('peak MiB', describeEach(measurement.peakRssBytes, mebibytes)),
    ...trouble.map((sentence) => row('TROUBLE', sentence)),
  ];
}

export function describeBacklog(result: BacklogResult): string {
  const trouble = [
    ...(result.delivered === result.waiting ? [] : [`${result.waiting - result.delivered} accepted mails DID NOT ARRIVE`]),
    ...(result.duplicates === 0 ? [] : [`${result.duplicates} mails arrived more than once`]),
    ...describeRefusals(result.refusals),
  ];
  return [
    `${result.name}: ${result.waiting} mails waited`,
    row('accepted', `first tenth ${perSecond(result.acceptedPerSecondAtFirst)}   last tenth ${perSecond(result.acceptedPerSecondAtLast)}`),
    row('reply', describePercentiles(result.replyMs)),
    row('waiting MiB', describeEach(result.waitingRssBytes, mebibytes)),
    row('peak MiB', describeEach(result.peakRssBytes, mebibytes)),
    row('upstream back', `first mail after ${seconds(result.firstDeliveryMs)}   last after ${seconds(result.drainedMs)}`),
    row('drained', perSecond((result.delivered * 1000) / (result.drainedMs - result.firstDeliveryMs))),
    ...trouble.map((sentence) => row('TROUBLE', sentence)),
  ].join('\n');
}

/** The line that can be compared from one change to the next. */
export function summarizeCases(results: readonly (CaseResult | LatencyResult)[]): string {
  const head = [''.padEnd(44), 'accepted/s', 'delivered/s', 'reply p50', 'p95', 'p99', 'to delivery p50', 'p95', 'p99 ms'].join('  ');
  const lines = results.map(({ name, measurement: { acceptedPerSecond, deliveredPerSecond, replyMs, toDeliveryMs } }) => {
    const cells = [
      whole(acceptedPerSecond).padStart(10),
      whole(deliveredPerSecond).padStart(11),
      replyMs.p50.toFixed(1).padStart(9),
      replyMs.p95.toFixed(1),
      replyMs.p99.toFixed(1),
      toDeliveryMs.p50.toFixed(1).padStart(15),
      toDeliveryMs.p95.toFixed(1),
      toDeliveryMs.p99.toFixed(1),
    ];
    return [name.padEnd(44), ...cells].join('  ');
  });
  return [head, ...lines].join('\n');
}

export function describePercentiles({ p50, p95, p99, max }: Percentiles, digits = 1): string {
  const show = (ms: number) => ms.toFixed(digits);
  return `p50 ${show(p50)}  p95 ${show(p95)}  p99 ${show(p99)}  most ${show(max)} ms`;
}

function describeRefusals(refusals: Readonly<Record<string, number>>): string[] {
  return Object.entries(refusals).map(([reply, times]) => `${times} times refused: ${reply}`);
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(14)} ${text}`;
}

function describeEach(values: Readonly<Record<string, number>>, show: (value: number) => string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${show(value)}`)
    .join('  ');
}

function mebibytes(bytes: number): string {
  return whole(bytes / 2 ** 20);
}

function perSecond(rate: number): string {
  return `${whole(rate)}/s`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
