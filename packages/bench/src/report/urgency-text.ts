import type { NeighboursRound } from '../scenario/neighbours.ts';
import type { UrgentResult } from '../scenario/urgent.ts';
import { describePercentiles } from './text.ts';

export function describeUrgent({ waiting, upstreamPerSecond, urgent, toDeliveryMs, bulkPerSecond, missing }: UrgentResult): string {
  return [
    `${waiting} low mails wait for an upstream that takes ${upstreamPerSecond} a second; ${urgent} immediate ones come, 50 a second`,
    `  immediate, to delivery   ${describePercentiles(toDeliveryMs)}`,
    `  low, beside them         ${Math.round(bulkPerSecond)}/s`,
    ...(missing === 0 ? [] : [`  TROUBLE                  ${missing} immediate mails DID NOT ARRIVE in time`]),
  ].join('\n');
}

export function describeNeighbours({ trouble, deliveredPerSecond, accepted }: NeighboursRound): string {
  const kind = trouble ? 'one of ten dead, one slow' : 'all ten well             ';
  return `${kind}: the eight got ${Math.round(deliveredPerSecond)}/s (${accepted} mails accepted for all)`;
}

/** What the trouble costs, by the means of the rounds. */
export function summarizeNeighbours(rounds: readonly NeighboursRound[]): string {
  const mean = (trouble: boolean) => {
    const rates = rounds.filter((round) => round.trouble === trouble).map(({ deliveredPerSecond }) => deliveredPerSecond);
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  };
  return `the eight got ${((mean(true) / mean(false)) * 100).toFixed(1)} % of what they get when all are well`;
}
