import type { FieldFault } from '../refusal/refusal.ts';

/** A mailbox of RFC 5322, 3.4: `local@domain` or `Name <local@domain>`. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** Local part and domain of RFC 5321, 4.1.2, with the letters of RFC 6531; the length is what fits a command (RFC 5321, 4.5.3.1). */
const atom = String.raw`[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,."]+`;
const quoted = String.raw`"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"`;
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?`;
const literal = String.raw`\[[0-9A-Za-z.:-]+\]`;
const addressPattern = new RegExp(`^(?:${atom}(?:\\.${atom})*|${quoted})@(?:${label}(?:\\.${label})*|${literal})$`, 'u');
const longestAddress = 254;
const longestLocalPart = 64;

export function isAddress(text: string): boolean {
  return text.length <= longestAddress && text.lastIndexOf('@') <= longestLocalPart && addressPattern.test(text);
}

/** Undefined when it is no mailbox. */
export function parseMailbox(text: string): Mailbox | undefined {
  const [, quotedName, plainName = '', bracketed] = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^"<>]*))\s*<([^<>]*)>\s*$/u.exec(text) ?? [];
  const address = bracketed ?? text.trim();
  if (!isAddress(address)) return undefined;
  return { name: (quotedName?.replace(/\\(.)/gu, '$1') ?? plainName).trim(), address };
}

/** Reads a field's mailboxes; what cannot be read is added to `faults`. */
export function readMailboxes(field: string, texts: readonly string[], faults: FieldFault[]): Mailbox[] {
  return texts.flatMap((text, index) => {
    const mailbox = parseMailbox(text);
    if (mailbox) return [mailbox];
    faults.push({ field: `${field}[${index}]`, description: `is "${shorten(text)}"; expected local@domain or Name <local@domain>` });
    return [];
  });
}

const shownLength = 80;

export function shorten(text: string): string {
  return text.length > shownLength ? `${text.slice(0, shownLength)}...` : text;
}
