import type { LimitFigures, PartitionFigures, QueueStats, UpstreamFigures } from '@posthaste/client';
import { formatDuration } from '@posthaste/config';
import { showDistance, withoutControls } from './message-text.ts';
import type { Paint } from './terminal/paint.ts';
import { renderTable } from './terminal/table.ts';

export function describeStats(stats: QueueStats, paint: Paint, now: Date): string {
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) => renderTable([head.map((word) => paint('bold', word)), ...rows]);
  const ago = (time: Date | undefined) => (time ? showDistance(time.getTime() - now.getTime()) : '-');
  const lanes = stats.lanes.map((lane) => [
    lane.lane,
    ...[lane.readyCount, lane.waitingCount, lane.sendingCount, lane.inDoubtCount, lane.heldCount].map(String),
    ago(lane.oldestAcceptedAt),
  ]);
  const upstreams = stats.upstreams.map((upstream) => [
    upstream.name,
    describeState(upstream, paint),
    ...[upstream.queuedCount, upstream.sendingCount, upstream.window].map(String),
    describeOutage(upstream, ago),
  ]);
  const groups = stats.groups.map(({ name, queuedCount, upstreams: members }) => [name, String(queuedCount), members.join(', ')]);
  const limits = stats.upstreams.flatMap((upstream) => describeLimits(upstream, paint));
  const senders = stats.senders.map(({ id, heldCount }) => [id, String(heldCount)]);
  return [
    table(['LANE', 'READY', 'WAITING', 'SENDING', 'IN DOUBT', 'HELD', 'OLDEST'], lanes),
    table(['UPSTREAM', 'STATE', 'QUEUED', 'SENDING', 'WINDOW', 'DOWN SINCE'], upstreams),
    ...(groups.length === 0 ? [] : [table(['GROUP', 'QUEUED', 'UPSTREAMS'], groups)]),
    ...(limits.length === 0 ? [] : [table(['LIMIT OF', 'TAKES', 'USED'], limits)]),
    describeFleet(stats, paint),
    senders.length === 0 ? paint('yellow', 'no sender is connected') : table(['SENDER', 'HOLDS'], senders),
    ...(stats.partitions.length > 1 ? [table(['PARTITION', 'OWNER', 'EPOCH', 'UNREAD'], stats.partitions.map(partitionRow(paint)))] : []),
    describeTotals(stats),
  ].join('\n\n');
}

function partitionRow(paint: Paint) {
  return ({ partition, owner, epoch, unreadCount }: PartitionFigures): string[] => {
    if (owner === undefined) return [String(partition), paint('red', 'nobody: its mail waits, and is not counted here'), '', ''];
    return [String(partition), owner, String(epoch), String(unreadCount)];
  };
}

function describeState({ state }: UpstreamFigures, paint: Paint): string {
  if (state === 'down') return paint('red', state);
  return state === 'recovering' ? paint('yellow', state) : state;
}

function describeOutage({ downSince, returnsAt, trouble }: UpstreamFigures, ago: (time: Date) => string): string {
  if (returnsAt) return `mail returns ${ago(returnsAt)}`;
  return downSince ? withoutControls(`${ago(downSince)}: ${trouble}`) : '';
}

/** What is learned stands beside what is configured. */
function describeLimits({ name, limits, connections }: UpstreamFigures, paint: Paint): string[][] {
  const rows = limits.map((limit) => [name, describeLimit(limit), describeUse(limit, paint)]);
  return connections ? [...rows, [name, `${connections.most} connections`, String(connections.count)]] : rows;
}

function describeLimit({ limit, windowMs, learned, configured }: LimitFigures): string {
  const span = windowMs === undefined ? 'at once' : `in ${formatDuration(windowMs)}`;
  return `${limit}${configured === limit ? '' : ` of ${configured}`} ${span}${learned ? ' (learned)' : ''}`;
}

function describeUse({ limit, usedCount }: LimitFigures, paint: Paint): string {
  return usedCount >= limit ? paint('yellow', String(usedCount)) : String(usedCount);
}

/** What is needed beside what is there, and why not more. */
function describeFleet({ fleet, senders }: QueueStats, paint: Paint): string {
  if (!fleet) return 'how many senders are needed is not known';
  const { neededSenders, wantedSenders, lateCount, multiplier, frozen } = fleet;
  const needed = `senders ${senders.length}, needed ${neededSenders}`;
  return [
    neededSenders > senders.length ? paint('yellow', needed) : needed,
    ...(wantedSenders > neededSenders ? [`${wantedSenders} if the upstreams took everything`] : []),
    ...(lateCount > 0 ? [`${lateCount} late`] : []),
    ...(multiplier > 1 ? [`calendar: ${multiplier} times the usual`] : []),
    ...(frozen ? ['calendar: none is taken away'] : []),
  ].join(', ');
}

function describeTotals({ totals, unreadCount, fillRatio, ledgerLagMs }: QueueStats): string {
  const { acceptedCount, deliveredCount, failedCount, expiredCount, cancelledCount, inDoubtCount } = totals;
  const ends = `accepted ${acceptedCount}, delivered ${deliveredCount}, failed ${failedCount}, expired ${expiredCount}, cancelled ${cancelledCount}`;
  const doubts = `in doubt ${inDoubtCount} times`;
  const lag = ledgerLagMs === undefined ? '' : `, ledger ${Math.round(ledgerLagMs)} ms behind`;
  return `${ends}, ${doubts}\nunread ${unreadCount}, fullest stream ${Math.round(fillRatio * 100)} %${lag}`;
}
