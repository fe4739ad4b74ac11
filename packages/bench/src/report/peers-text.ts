import type { PeerResult, PeerRound } from '../scenario/peers.ts';

export function describeRound(name: string, { acceptedPerSecond, deliveredPerSecond, delivered }: PeerRound): string {
  return `${name}: accepted ${whole(acceptedPerSecond)}/s, delivered ${whole(deliveredPerSecond)}/s (${delivered} mails)`;
}

/** Mean of the rounds, and how many times as much ours deliver. */
export function summarizePeers(results: readonly PeerResult[]): string {
  const [fast, durable] = ['Posthaste, fast', 'Posthaste, durable'].map((name) => rateOf(results.find((result) => result.name === name)));
  const byRpc = rateOf(results.find((result) => result.name === 'Posthaste, fast, by SubmitBatch'));
  const head = [''.padEnd(34), 'accepted/s', 'delivered/s', 'ours fast', 'by SubmitBatch', 'durable', ' before the reply'].join('  ');
  const lines = results.map((result) => {
    if (result.rounds.length === 0) return `${result.name.padEnd(34)}  not run: ${result.skipped ?? 'no round'}`;
    const delivered = mean(result.rounds.map((round) => round.deliveredPerSecond));
    const cells = [
      whole(mean(result.rounds.map((round) => round.acceptedPerSecond))).padStart(10),
      whole(delivered).padStart(11),
      times(fast, delivered).padStart(9),
      times(byRpc, delivered).padStart(14),
      times(durable, delivered).padStart(7),
      ` ${result.promise}`,
    ];
    return [result.name.padEnd(34), ...cells].join('  ');
  });
  return [head, ...lines].join('\n');
}

function rateOf(result: PeerResult | undefined): number {
  return mean(result?.rounds.map((round) => round.deliveredPerSecond) ?? []);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function times(ours: number | undefined, theirs: number): string {
  const ratio = (ours ?? Number.NaN) / theirs;
  return Number.isFinite(ratio) ? `${ratio.toFixed(2)} x` : '-';
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
