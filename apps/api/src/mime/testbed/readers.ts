import { spawnSync } from 'node:child_process';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { SubmitRequestSchema } from '@posthaste/protocol';
import PostalMime, { decodeWords, type Address } from 'postal-mime';
import type { Mailbox } from '../../submission/address.ts';
import type { Addressing } from '../../submission/envelope.ts';
import { buildMessage, type Content } from '../index.ts';

export interface SeenFile {
  readonly filename: string;
  readonly type: string;
  readonly contentId: string;
  readonly disposition: string | null;
  /** Base64. */
  readonly content: string;
}

/** What a parser that is not ours found in a mail. */
export interface Seen {
  /** Names of the header's fields in lower case, in order. */
  readonly names: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly from: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly text: string;
  readonly html: string;
  readonly files: readonly SeenFile[];
}

/** Python also tells the shape: the types of all parts, outside first, and what it finds wrong. */
export interface SeenByPython extends Seen {
  readonly types: readonly string[];
  readonly defects: readonly string[];
}

export type Request = MessageInitShape<typeof SubmitRequestSchema>;

export const nobody: Addressing = {
  from: { name: '', address: 'a@example.org' },
  to: [{ name: '', address: 'b@example.net' }],
  cc: [],
  bcc: [],
  replyTo: [],
};

/** The whole message of a request, in one piece. */
export async function built(request: Request, addressing: Addressing = nobody, contents?: readonly Content[]): Promise<Buffer> {
  const filled = create(SubmitRequestSchema, request);
  const { raw, size } = buildMessage(filled, addressing, { maxBytes: 2 ** 25 }, contents ?? filled.attachments.map(({ content }) => content));
  const pieces: Uint8Array[] = raw instanceof Uint8Array ? [raw] : [];
  if (!(raw instanceof Uint8Array)) for await (const piece of raw) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (bytes.length !== size) throw new Error(`the message is ${bytes.length} bytes; ${size} were announced`);
  return bytes;
}

export async function readByPostalMime(raw: Uint8Array): Promise<Seen> {
  const { headers, subject, from, to, cc, replyTo, text, html, attachments } = await PostalMime.parse(raw, { forceRfc822Attachments: true });
  return {
    names: headers.map(({ key }) => key),
    headers: { ...Object.fromEntries(headers.map(({ key, value }) => [key, decodeWords(value)])), subject: subject ?? '' },
    from: mailboxes(from && [from]),
    to: mailboxes(to),
    cc: mailboxes(cc),
    replyTo: mailboxes(replyTo),
    text: text ?? '',
    html: html ?? '',
    files: attachments.map(({ filename, mimeType, disposition, contentId = '', content }) => ({
      filename: filename ?? '',
      type: mimeType,
      contentId: contentId.replaceAll(/^<|>$/g, ''),
      disposition,
      content: Buffer.from(content as ArrayBuffer).toString('base64'),
    })),
  };
}

function mailboxes(addresses: readonly Address[] = []): Mailbox[] {
  return addresses.flatMap(({ name, address }) => (address === undefined ? [] : [{ name, address }]));
}

export const hasPython = spawnSync('python3', ['--version']).status === 0;

export function readByPython(mails: readonly Uint8Array[]): SeenByPython[] {
  const input = mails.map((mail) => Buffer.from(mail).toString('base64')).join('\n');
  const { stdout, stderr, status } = spawnSync('python3', [new URL('read_mail.py', import.meta.url).pathname], { input, maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`python3 could not read the mails: ${stderr.toString()}`);
  return stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SeenByPython);
}
