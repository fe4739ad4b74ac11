import type { SuspensionStatus } from '@posthaste/client';
import { showDistance, withoutControls } from '../message-text.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderTable } from '../terminal/table.ts';

export function suspensionTable(suspensions: readonly SuspensionStatus[], paint: Paint, now: Date): string {
  if (suspensions.length === 0) return 'nothing is suspended';
  const head = ['ID', 'STOPS', 'SINCE', 'ENDS', 'BY', 'REASON'].map((word) => paint('bold', word));
  return renderTable([head, ...suspensions.map((suspension) => row(suspension, now))]);
}

function row({ id, match, createdAt, expiresAt, author, comment }: SuspensionStatus, now: Date): string[] {
  const distance = (time: Date | undefined, never: string) => (time ? showDistance(time.getTime() - now.getTime()) : never);
  return [id, describeMatch(match), distance(createdAt, '-'), distance(expiresAt, 'when lifted'), withoutControls(author), withoutControls(comment)];
}

/** `tenant shop, domain example.net`. */
export function describeMatch({ all, tags, ...words }: SuspensionStatus['match']): string {
  if (all) return 'all mail';
  const given = Object.entries(words).flatMap(([name, word]) => (word === undefined ? [] : [`${name} ${word}`]));
  return withoutControls([...given, ...Object.entries(tags).map(([name, value]) => `tag ${name}=${value}`)].join(', '));
}
