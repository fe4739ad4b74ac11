import type { MessageStatus, RecipientStatus } from '@posthaste/client';
import { clockTime, showDistance, showReply, withoutControls } from './message-text.ts';

/** What is new of a message since it was last looked at: a line for each recipient that changed. */
export function changeLines(message: MessageStatus, before: MessageStatus | undefined, now: Date): string[] {
  return message.recipients.flatMap((recipient, index) => {
    const line = describe(recipient, now);
    const earlier = before?.recipients[index];
    return earlier && describe(earlier, now) === line ? [] : [withoutControls(`${clockTime(recipient.changedAt ?? now)}  ${line}`)];
  });
}

function describe({ address, state, reason, dueAt, lastReply }: RecipientStatus, now: Date): string {
  return [
    `${address}  ${state.replaceAll('_', ' ')}`,
    ...(reason === undefined ? [] : [reason]),
    ...(dueAt ? [`due ${clockTime(dueAt)} (${showDistance(dueAt.getTime() - now.getTime())})`] : []),
    ...(lastReply ? [showReply(lastReply)] : []),
  ].join('  ');
}
