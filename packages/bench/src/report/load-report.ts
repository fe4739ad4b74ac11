import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LoadReport, SliceReport } from '../scenario/load.ts';
import { chartOf, type Panel } from './chart.ts';
import { describePercentiles } from './text.ts';

export function describeSlice(slice: SliceReport, done: number): string {
  const { offeredPerSecond, acceptedPerSecond, deliveredPerSecond, waiting, replyMs, rssBytes, atMs } = slice;
  const memory = Object.entries(rssBytes)
    .map(([program, bytes]) => `${program} ${mebibytes(bytes)}`)
    .join(' ');
  const rates = `offered ${whole(offeredPerSecond)}/s  accepted ${whole(acceptedPerSecond)}/s  delivered ${whole(deliveredPerSecond)}/s`;
  return `${String(Math.round(done * 100)).padStart(3)} %  ${minutes(atMs)}  ${rates}  waiting ${whole(waiting)}  reply p99 ${replyMs.p99.toFixed(1)} ms  MiB ${memory}`;
}

export function describeLoad({ pattern, mode, accepted, delivered, duplicates, refusals, toDeliveryMs, drainedMs }: LoadReport): string {
  const trouble = [
    ...(delivered === accepted ? [] : [`TROUBLE: ${accepted - delivered} accepted mails DID NOT ARRIVE`]),
    ...(duplicates === 0 ? [] : [`TROUBLE: ${duplicates} mails arrived more than once`]),
    ...Object.entries(refusals).map(([reply, times]) => `${times} times refused: ${reply}`),
  ];
  const summary = `${pattern}, ${mode}: ${whole(accepted)} mails accepted, ${whole(delivered)} delivered, the last ${(drainedMs / 1000).toFixed(1)} s after the load`;
  return [summary, `from acceptance to delivery: ${describePercentiles(toDeliveryMs)}`, ...trouble].join('\n');
}

/** Answers the paths of what it wrote: the figures as JSON, and a chart. */
export function writeLoadReport(report: LoadReport, prefix = `posthaste-${report.pattern}`): readonly string[] {
  const [json, svg] = [resolve(`${prefix}.json`), resolve(`${prefix}.svg`)];
  writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(svg, chartOf(`${report.pattern}, ${report.mode}`, panelsOf(report)));
  return [json, svg];
}

function panelsOf({ slices }: LoadReport): readonly Panel[] {
  const at = slices.map(({ atMs }) => atMs / 60_000);
  const programs = Object.keys(slices[0]?.rssBytes ?? {});
  return [
    {
      title: 'mails a second',
      at,
      lines: [
        { name: 'offered', values: slices.map((slice) => slice.offeredPerSecond) },
        { name: 'accepted', values: slices.map((slice) => slice.acceptedPerSecond) },
        { name: 'delivered', values: slices.map((slice) => slice.deliveredPerSecond) },
      ],
    },
    {
      title: 'reply, ms',
      at,
      lines: [
        { name: 'p50', values: slices.map(({ replyMs }) => replyMs.p50) },
        { name: 'p99', values: slices.map(({ replyMs }) => replyMs.p99) },
      ],
    },
    { title: 'mails waiting', at, lines: [{ name: 'waiting', values: slices.map(({ waiting }) => waiting) }] },
    {
      title: 'memory, MiB',
      at,
      lines: programs.map((name) => ({ name, values: slices.map(({ rssBytes }) => (rssBytes[name] ?? 0) / 2 ** 20) })),
    },
  ];
}

function minutes(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function mebibytes(bytes: number): string {
  return whole(bytes / 2 ** 20);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
