import type { MessageStateName, MessageStatus } from '@posthaste/client';
import { clockTime, showDistance, withoutControls } from './message-text.ts';
import type { Paint } from './terminal/paint.ts';
import { renderTable } from './terminal/table.ts';

/** A line a mail: enough to tell them apart, and why the first of its unfinished recipients waits. */
export function messageTable(messages: readonly MessageStatus[], paint: Paint, now: Date): string {
  if (messages.length === 0) return 'no mail matches';
  const head = ['ID', 'STATE', 'LANE', 'ACCEPTED', 'FROM', 'TO', 'REASON'].map((word) => paint('bold', word));
  return renderTable([head, ...messages.map((message) => row(message, paint, now))]);
}

const colours: Partial<Record<MessageStateName, Parameters<Paint>[0]>> = {
  delivered: 'green',
  partly_delivered: 'yellow',
  in_doubt: 'yellow',
  held: 'yellow',
  failed: 'red',
  expired: 'red',
  cancelled: 'red',
};

function row({ id, state, lane, acceptedAt, from, recipients }: MessageStatus, paint: Paint, now: Date): string[] {
  const [first] = recipients;
  const others = recipients.length > 1 ? ` +${recipients.length - 1}` : '';
  const reason = recipients.find((recipient) => recipient.reason !== undefined)?.reason ?? '';
  return [
    id,
    paint(colours[state] ?? 'reset', state.replaceAll('_', ' ')),
    lane,
    acceptedAt ? `${clockTime(acceptedAt)} (${showDistance(acceptedAt.getTime() - now.getTime())})` : '',
    withoutControls(from === '' ? '<>' : from),
    withoutControls(`${first?.address ?? ''}${others}`),
    reason,
  ];
}
