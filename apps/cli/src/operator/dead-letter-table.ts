import type { DeadLetterStatus } from '@posthaste/client';
import { showDistance, showReply, withoutControls } from '../message-text.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderTable } from '../terminal/table.ts';

/** A line a mail: whom it did not reach, and why. */
export function deadLetterTable(letters: readonly DeadLetterStatus[], paint: Paint, now: Date): string {
  if (letters.length === 0) return 'no dead letter matches';
  const head = ['ID', 'TENANT', 'LANE', 'DIED', 'KEPT', 'TO', 'REASON', 'LAST REPLY'].map((word) => paint('bold', word));
  return renderTable([head, ...letters.map((letter) => row(letter, now))]);
}

function row({ message, diedAt, keptUntil }: DeadLetterStatus, now: Date): string[] {
  const failed = message.recipients.filter(({ state }) => state === 'failed');
  const [first] = failed;
  const others = failed.length > 1 ? ` +${failed.length - 1}` : '';
  const distance = (time: Date | undefined) => (time ? showDistance(time.getTime() - now.getTime()) : '-');
  return [
    message.id,
    message.tenant,
    message.lane,
    distance(diedAt),
    distance(keptUntil),
    withoutControls(`${first?.address ?? ''}${others}`),
    first?.reason ?? '',
    withoutControls(first?.lastReply ? showReply(first.lastReply) : ''),
  ];
}
