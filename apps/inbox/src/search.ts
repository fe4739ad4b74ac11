import type { CaughtMail } from './mailbox.ts';
import type { Library } from './reading/library.ts';
import type { MailSummary } from './shapes.ts';

const maxQueryLength = 200;

interface Word {
  readonly field: 'from' | 'to' | 'subject' | 'any';
  readonly text: string;
}

/** `from:anna invoice`: every word must stand somewhere in the mail, or in the field it names; upper and lower case alike. */
export function parseQuery(query: string): readonly Word[] {
  const words = query.slice(0, maxQueryLength).toLowerCase().split(/\s+/).filter(Boolean);
  return words.map((word) => {
    const [, field, text] = /^(from|to|subject):(.+)$/.exec(word) ?? [];
    return field === undefined || text === undefined ? { field: 'any', text: word } : { field: field as Word['field'], text };
  });
}

/** The text is looked at last, and only where it decides: taking a mail apart is what costs. */
export async function matches(words: readonly Word[], caught: CaughtMail, library: Library): Promise<boolean> {
  const summary = await library.summary(caught);
  const rest = words.filter((word) => !stands(word, summary, caught));
  if (rest.length === 0) return true;
  if (rest.some((word) => word.field !== 'any')) return false;
  const text = await library.text(caught);
  return rest.every((word) => text.includes(word.text));
}

function stands({ field, text }: Word, summary: MailSummary, { mail }: CaughtMail): boolean {
  const fields = { from: [summary.from, mail.from.address], to: summary.to, subject: [summary.subject] };
  const looked = field === 'any' ? Object.values(fields).flat() : fields[field];
  return looked.some((value) => value.toLowerCase().includes(text));
}
