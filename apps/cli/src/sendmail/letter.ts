import { findHeaderBlock, type HeaderBlock, LineEnds, readAddressList, valueOf } from '@posthaste/submission/message';
import type { SendmailCall } from './flags.ts';
import { SendmailFailure, sysexits } from './sysexits.ts';

/** A message with its envelope, as the api takes it. */
export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  /** Line ends CRLF. The door removes Bcc, and adds Date and Message-ID where they are missing. */
  readonly raw: Buffer;
}

/** Who calls, on which machine. */
export interface Caller {
  readonly user: string;
  /** Stands in for the domain of an address without one. */
  readonly domain: string;
}

/** The door takes no larger header block either. */
const largestHeaderBytes = 1024 * 1024;

/** Throws a SendmailFailure. */
export function writeLetter(call: SendmailCall & { kind: 'send' }, input: Buffer, caller: Caller): Letter {
  const message = withCrlf(input);
  const block = findHeaderBlock(message, true, largestHeaderBytes);
  if (block.kind !== 'found') throw new SendmailFailure(sysexits.message, 'the header of the message does not end');
  const from = call.from === undefined ? `${caller.user}@${caller.domain}` : envelopeSender(call.from, caller.domain);
  const to = recipientsOf(call, block, caller.domain);
  const raw = block.fields.some(({ name }) => name === 'from') ? message : Buffer.concat([fromField(call.fullName, from, caller), message]);
  return { from, to, raw };
}

/** A line `From user date` in front is a mailbox file's, not the message's. */
function withCrlf(input: Buffer): Buffer {
  const lines = new LineEnds();
  const message = Buffer.concat([lines.push(input), lines.end()]);
  const isMailboxLine = message.subarray(0, 5).toString('latin1') === 'From ';
  return isMailboxLine ? message.subarray(message.indexOf('\n') + 1) : message;
}

function recipientsOf(
  { fromHeaders, recipients }: SendmailCall & { kind: 'send' },
  block: HeaderBlock & { kind: 'found' },
  domain: string,
): string[] {
  const written = fromHeaders ? headerRecipients(block) : [];
  const all = [...new Set([...recipients.flatMap(readAddressList), ...written].map((address) => qualified(address, domain)))];
  if (all.length > 0) return all;
  const where = fromHeaders ? 'in To, Cc and Bcc of the message' : 'on the command line; -t would take them from the message';
  throw new SendmailFailure(sysexits.usage, `there are no recipients ${where}`);
}

/** A message that is sent on goes to those whom it is sent on to (RFC 5322, 3.6.6). */
export function headerRecipients({ fields, text }: HeaderBlock & { kind: 'found' }): string[] {
  const resent = fields.filter(({ name }) => /^resent-(to|cc|bcc)$/.test(name));
  const chosen = resent.length > 0 ? resent : fields.filter(({ name }) => /^(to|cc|bcc)$/.test(name));
  return chosen.flatMap((field) => readAddressList(valueOf(text, field)));
}

function envelopeSender(given: string, domain: string): string {
  const [address] = readAddressList(given);
  return address === undefined ? '<>' : qualified(address, domain);
}

/** `root` of this machine is root@<domain>. */
function qualified(address: string, domain: string): string {
  return /@[^"]*$/.test(address) ? address : `${address}@${domain}`;
}

/** RFC 5322, 3.6: every message has one. */
function fromField(fullName: string | undefined, from: string, { user, domain }: Caller): Buffer {
  const address = from === '<>' ? `${user}@${domain}` : from;
  // eslint-disable-next-line no-control-regex
  const name = (fullName ?? '').replace(/[\x00-\x1f\x7f]/g, ' ').trim();
  return Buffer.from(`From: ${name === '' ? '' : `${displayName(name)} `}<${address}>\r\n`);
}

/** In quotes, or as RFC 2047 writes what is not ASCII: words of at most 75 characters. */
function displayName(name: string): string {
  if (/^[ -~]*$/.test(name)) return `"${name.replace(/["\\]/g, String.raw`\$&`)}"`;
  const words = Array.from(name).reduce<string[]>((parts, char) => {
    const last = parts.at(-1) ?? '';
    const fits = parts.length > 0 && Buffer.byteLength(last + char) <= 42;
    return fits ? [...parts.slice(0, -1), last + char] : [...parts, char];
  }, []);
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}
