import type { OperationKindName, OperationStatus, UnchangedCauseName } from '@posthaste/client';

/** What has become of what an operation changed. */
const ends: Readonly<Record<OperationKindName, string>> = {
  hold: 'held',
  release: 'released',
  cancel: 'cancelled',
  retry: 'made ready',
  reschedule: 'rescheduled',
  change_lane: 'put into the other lane',
  move: 'moved',
  retry_dead_letters: 'queued again',
  purge_dead_letters: 'thrown away',
  unknown: 'changed',
};

const causes: Readonly<Record<UnchangedCauseName, string>> = {
  too_late: 'too late, the transaction with the upstream has begun',
  final: 'final already',
  already_so: 'so already',
  held: 'held: release them first',
  not_applicable: 'in a state in which it means nothing',
  not_found: 'no such mail',
  body_gone: 'not kept any more',
  unknown: 'for a reason that this version does not know',
};

/** Of dead letters it is said otherwise: to be alive is no state in which nothing can be done. */
const deadCauses: typeof causes = {
  ...causes,
  final: 'no dead letter: they came to another end',
  not_applicable: 'no dead letter: they have not failed, and are under way',
  body_gone: 'no dead letter any more: queued again, thrown away, or kept no longer',
};

/** What an operation does to so many recipients: `cancels 12 recipients`. */
export const effects: Readonly<Record<OperationKindName, string>> = {
  hold: 'holds',
  release: 'releases',
  cancel: 'cancels',
  retry: 'makes ready',
  reschedule: 'reschedules',
  change_lane: 'changes the lane of',
  move: 'moves',
  retry_dead_letters: 'queues again',
  purge_dead_letters: 'throws away',
  unknown: 'changes',
};

export function describeOperation(operation: OperationStatus): string {
  const { kind, done, dryRun, changedCount, pendingCount, unchanged, id } = operation;
  const why = kind === 'retry_dead_letters' || kind === 'purge_dead_letters' ? deadCauses : causes;
  const lines = [
    `${recipients(changedCount)} ${dryRun ? 'would be ' : ''}${ends[kind]}${done ? '' : ' so far'}`,
    ...(pendingCount > 0 ? [`  ${count(pendingCount)} asked back from their sender, which has not answered yet`] : []),
    ...unchanged.map((each) => `  ${count(each.count)} not: ${why[each.cause]}`),
    ...(done ? [] : [`it goes on: posthaste operation get ${id}`]),
  ];
  return lines.join('\n');
}

export function recipients(number: number): string {
  return `${count(number)} ${number === 1 ? 'recipient' : 'recipients'}`;
}

/** Thousands apart: 100,000 is not to be taken for 10,000. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}
