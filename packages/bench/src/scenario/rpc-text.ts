import { describePercentiles } from '../report/text.ts';
import type { RpcCaseResult } from './rpc.ts';

export function describeRpc({ name, accepted, acceptedPerSecond, replyMs, cpuMsPerMail, peakRssBytes, refusals, ...end }: RpcCaseResult): string {
  const each = (values: Readonly<Record<string, number>>, show: (value: number) => string) =>
    Object.entries(values)
      .map(([program, value]) => `${program} ${show(value)}`)
      .join('  ');
  return [
    `${name}: ${accepted} mails, ${Math.round(acceptedPerSecond).toLocaleString('en')}/s accepted`,
    `  a call         ${describePercentiles(replyMs)}`,
    `  CPU ms a mail  ${each(cpuMsPerMail, (ms) => ms.toFixed(3))}`,
    `  peak MiB       ${each(peakRssBytes, (bytes) => String(Math.round(bytes / 2 ** 20)))}`,
    ...(end.delivered === accepted ? [] : [`  TROUBLE        ${accepted - end.delivered} accepted mails DID NOT ARRIVE`]),
    ...(end.duplicates === 0 ? [] : [`  TROUBLE        ${end.duplicates} mails arrived more than once`]),
    ...Object.entries(refusals).map(([reason, times]) => `  TROUBLE        ${times} times refused: ${reason}`),
  ].join('\n');
}
