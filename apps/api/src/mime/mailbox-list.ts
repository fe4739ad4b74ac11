import { domainToASCII } from 'node:url';
import type { Mailbox } from '../submission/address.ts';
import { encodedWords, needsEncoding, withoutControls } from './encoded-word.ts';

/** Mailboxes of RFC 5322, 3.4, as tokens of a field. */
export function mailboxTokens(mailboxes: readonly Mailbox[]): string[] {
  return mailboxes.flatMap(({ name, address }, index) => {
    const comma = index < mailboxes.length - 1 ? ',' : '';
    const shown = headerAddress(address);
    return name === '' ? [` ${shown}${comma}`] : [...displayName(withoutControls(name)), ` <${shown}>${comma}`];
  });
}

/** A domain beyond ASCII has another spelling that needs no SMTPUTF8 (RFC 5891, 4.4); a local part has none. */
function headerAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  if (isAscii(address) || !isAscii(local)) return address;
  return `${local}@${domainToASCII(domain) || domain}`;
}

const isAscii = (text: string) => /^[\x00-\x7f]*$/.test(text);

const atoms = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;
/** What is longer goes in encoded words, between which a line can end. */
const longestQuoted = 60;
/** No field with mailboxes has a longer name than Reply-To. */
const roomAfterName = 74 - 'Reply-To'.length;

function displayName(name: string): string[] {
  if (!needsEncoding(name)) {
    if (atoms.test(name) && name.length <= longestQuoted) return name.split(' ').map((atom) => ` ${atom}`);
    const quoted = `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    if (quoted.length <= longestQuoted && !name.includes('\t')) return [` ${quoted}`];
  }
  return encodedWords(name, roomAfterName).map((word) => ` ${word}`);
}
