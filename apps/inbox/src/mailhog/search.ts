import { setImmediate } from 'node:timers/promises';
import type { CaughtMail } from '../mailbox.ts';

/** MailHog's three kinds of search. */
export const kinds = ['from', 'to', 'containing'] as const;

export type Kind = (typeof kinds)[number];

/** As much of a mail as `containing` looks at. */
const searchedBytes = 1024 * 1024;
/** Other connections have their turn after so many mails. */
const mailsInARow = 20;

/** The mails that have the text, in upper or lower case: in the envelope or the header From or To, or in any header or the body as it came. */
export async function searchMails(mails: readonly CaughtMail[], kind: Kind, query: string): Promise<readonly CaughtMail[]> {
  const sought = query.toLowerCase();
  const found: CaughtMail[] = [];
  for (const [index, caught] of mails.entries()) {
    if (index % mailsInARow === mailsInARow - 1) await setImmediate();
    if (searchedTexts(caught, kind).some((text) => text.toLowerCase().includes(sought))) found.push(caught);
  }
  return found;
}

function searchedTexts({ mail }: CaughtMail, kind: Kind): readonly string[] {
  const text = mail.raw.toString('utf8', 0, searchedBytes);
  switch (kind) {
    case 'from':
      return [mail.from.address, ...headerValues(text, 'from')];
    case 'to':
      return [...mail.to.map((path) => path.address), ...headerValues(text, 'to')];
    case 'containing':
      return [text];
  }
}

function headerValues(text: string, name: string): readonly string[] {
  const end = text.indexOf('\r\n\r\n');
  const lines = (end === -1 ? '' : text.slice(0, end)).replace(/\r\n(?=[ \t])/g, '').split('\r\n');
  return lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1));
}
