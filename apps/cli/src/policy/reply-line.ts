import type { Reply } from '@posthaste/core';
import { usageError } from '../failure.ts';

/** A refusal as it stands in a log: `451 4.7.1 Greylisted`, of one or several lines, each with or without its codes. */
export function readReplyLine(line: string): Reply {
  const [, code, enhanced, text = ''] = /^\s*([45]\d\d)(?:[ -]+([45]\.\d{1,3}\.\d{1,3}))?(?:[ -]+([^]*))?$/.exec(line) ?? [];
  if (code === undefined) throw usageError(`--reply: came '${line}', expected a refusal such as '451 4.7.1 Greylisted, try again in 300 seconds'`);
  const repeated = new RegExp(`\\n${code}(?:[ -]+${enhanced?.replaceAll('.', '\\.') ?? ''})?[ -]*`, 'g');
  return { code: Number(code), ...(enhanced === undefined ? {} : { enhanced }), text: text.replace(repeated, '\n').trim() };
}

/** One reply of each class, without a hint. */
export const examples: readonly string[] = [
  '451 4.3.0 Try again later',
  '450 4.2.0 Greylisted',
  '450 4.7.28 Rate limited',
  '452 4.2.2 Mailbox full',
  '552 5.2.2 Mailbox full',
  '552 5.3.4 Message too big',
  '554 5.7.1 Spam',
  '550 5.1.1 No such user',
  '535 5.7.8 Authentication failed',
];
