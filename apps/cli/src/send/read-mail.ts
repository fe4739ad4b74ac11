import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Mail, MailAttachment } from '@posthaste/client';
import { findHeaderBlock, LineEnds, readAddressList, valueOf } from '@posthaste/submission/message';
import type { Surroundings } from '../command/command.ts';
import { usageError } from '../failure.ts';
import { headerRecipients } from '../sendmail/letter.ts';
import type { SendValues } from './options.ts';

type Input = Surroundings['stdin'];

/** The mail that the flags describe, its files read. Throws a usage error. */
export async function readMail(given: SendValues, stdin: Input): Promise<Mail> {
  if (given.ttl !== undefined && given.deadline !== undefined) throw usageError('--ttl and --deadline say the same in two ways; keep one');
  const content = given.raw === undefined ? await readContent(given, stdin) : await readRaw(given, given.raw, stdin);
  return {
    ...content,
    tags: given.tag,
    ...(given.lane && { lane: given.lane }),
    ...(given.tenant && { tenant: given.tenant }),
    ...(given['send-at'] && { sendAt: given['send-at'] }),
    ...(given.ttl !== undefined && { ttl: given.ttl }),
    ...(given.deadline && { deadline: given.deadline }),
    ...(given['idempotency-key'] && { idempotencyKey: given['idempotency-key'] }),
  };
}

async function readContent(given: SendValues, stdin: Input): Promise<Mail> {
  const { from, to, cc, bcc } = given;
  if (from === undefined) throw usageError('--from is missing: who sends');
  if (to.length + cc.length + bcc.length === 0) throw usageError('--to is missing: name at least one recipient by --to, --cc or --bcc');
  if (given['text-file'] === '-' && given['html-file'] === '-') throw usageError('standard input cannot be both the text and the HTML');
  const html = await textOf('html', given, stdin);
  const attachments = await readAttachments(given);
  const isEmpty = html === undefined && attachments.length === 0 && given.text === undefined && given['text-file'] === undefined;
  const text = isEmpty ? await bodyFrom(stdin) : await textOf('text', given, stdin);
  const content = { ...(text !== undefined && { text }), ...(html !== undefined && { html }), attachments };
  return { from, to, cc, bcc, replyTo: given['reply-to'], subject: given.subject ?? '', headers: given.header, ...content };
}

async function textOf(body: 'text' | 'html', given: SendValues, stdin: Input): Promise<string | undefined> {
  const path = given[`${body}-file`];
  if (path === undefined) return given[body];
  if (given[body] !== undefined) throw usageError(`--${body} and --${body}-file say the same in two ways; keep one`);
  return decodeText(await contentOf(path, `--${body}-file`, stdin), `--${body}-file: ${path}`);
}

/** What would arrive with other letters than it has here is not sent. */
function decodeText(bytes: Buffer, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`${source} is not UTF-8: convert it, as by iconv -f WINDOWS-1252 -t UTF-8, or send it as it is by --attach`);
  }
}

/** What a program wrote is sent even where a byte of it is no letter. */
async function bodyFrom(stdin: Input): Promise<string> {
  if (stdin.isTTY === true) throw usageError('there is no content: give --text, --html, --attach or --raw, or a text on standard input');
  return (await buffer(stdin)).toString('utf8');
}

async function readAttachments({ attach, inline }: SendValues): Promise<MailAttachment[]> {
  const file = async (path: string, flag: string) => ({ filename: basename(path), content: await contentOf(path, flag, undefined) });
  const following = attach.map((path) => file(path, '--attach'));
  const shown = Object.entries(inline).map(async ([contentId, path]) => ({ ...(await file(path, '--inline')), contentId }));
  return Promise.all([...shown, ...following]);
}

const excludedByRaw = ['cc', 'bcc', 'reply-to', 'subject', 'text', 'text-file', 'html', 'html-file', 'attach', 'inline', 'header'] as const;

async function readRaw(given: SendValues, path: string, stdin: Input): Promise<Mail> {
  const surplus = excludedByRaw.filter((name) => isGiven(given[name]));
  if (surplus.length > 0) throw usageError(`--raw is a whole message; ${surplus.map((name) => `--${name}`).join(', ')} cannot be added to it`);
  const raw = await contentOf(path, '--raw', stdin);
  const written = readEnvelope(raw);
  const from = given.from ?? written.from;
  const to = given.to.length > 0 ? given.to : written.to;
  if (from === undefined) throw usageError('--from is missing, and the message has no From');
  if (to.length === 0) throw usageError('--to is missing, and the message has no To, Cc or Bcc');
  return { from, to, raw };
}

function isGiven(value: SendValues[(typeof excludedByRaw)[number]]): boolean {
  return typeof value === 'string' || Object.keys(value ?? {}).length > 0;
}

const largestHeaderBytes = 1024 * 1024;

/** What the headers say of sender and recipients. */
function readEnvelope(raw: Buffer): { readonly from: string | undefined; readonly to: readonly string[] } {
  const lines = new LineEnds();
  const block = findHeaderBlock(Buffer.concat([lines.push(raw.subarray(0, largestHeaderBytes)), lines.end()]), true, largestHeaderBytes);
  if (block.kind !== 'found') return { from: undefined, to: [] };
  const sender = block.fields.find(({ name }) => name === 'from');
  return { from: sender && readAddressList(valueOf(block.text, sender))[0], to: [...new Set(headerRecipients(block))] };
}

/** Standard input for `-`, where it can be meant. */
async function contentOf(path: string, flag: string, stdin: Input | undefined): Promise<Buffer> {
  if (path === '-' && stdin) return buffer(stdin);
  return readFile(path).catch((error: unknown) => {
    throw usageError(`${flag}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}
