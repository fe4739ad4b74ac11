import type { CaughtMail } from '../mailbox.ts';

/** The JSON of MailHog's v2 API, with its names and its nulls, so that tests written for MailHog run against the inbox. */
export interface MailHogMessage {
  readonly ID: string;
  readonly From: MailHogPath;
  readonly To: readonly MailHogPath[];
  readonly Content: MailHogContent;
  /** RFC 3339. */
  readonly Created: string;
  readonly MIME: MailHogMime | null;
  readonly Raw: { readonly From: string; readonly To: readonly string[]; readonly Data: string; readonly Helo: string };
}

export interface MailHogPath {
  readonly Relays: readonly string[] | null;
  readonly Mailbox: string;
  readonly Domain: string;
  readonly Params: string;
}

export interface MailHogContent {
  readonly Headers: Readonly<Record<string, readonly string[]>>;
  readonly Body: string;
  /** Bytes. */
  readonly Size: number;
  readonly MIME: MailHogMime | null;
}

export interface MailHogMime {
  readonly Parts: readonly MailHogContent[] | null;
}

/** As MailHog does it, bytes that are not UTF-8 become U+FFFD, and the three headers that a final server adds are shown in Content. */
export function toMailHog({ id, mail }: CaughtMail, hostname: string): MailHogMessage {
  const text = mail.raw.toString('utf8');
  const { MIME, ...content } = parseContent(text, mail.raw.length);
  const created = new Date(mail.receivedAt);
  const received = `from ${mail.helo} by ${hostname} (Posthaste inbox)\r\n          id ${id}; ${created.toUTCString()}`;
  const Headers = withTrace(content.Headers, { 'Message-ID': id, Received: received, 'Return-Path': `<${mail.from.address}>` });
  return {
    ID: id,
    From: parseMailHogPath(mail.from.address),
    To: mail.to.map((path) => parseMailHogPath(path.address)),
    Content: { ...content, Headers, MIME: null },
    Created: created.toISOString(),
    MIME,
    Raw: { From: mail.from.address, To: mail.to.map((path) => path.address), Data: text, Helo: mail.helo },
  };
}

/** Multipart in multipart: each level costs all of its bytes anew. */
const maxDepth = 20;

/** The parts as MailHog counts them, their bodies byte for byte (latin1). */
export function mailHogParts({ mail }: CaughtMail): readonly MailHogContent[] {
  return parseContent(mail.raw.toString('latin1'), mail.raw.length).MIME?.Parts ?? [];
}

export function parseMailHogPath(address: string): MailHogPath {
  const colon = address.indexOf(':');
  const plain = address.slice(colon + 1);
  const at = plain.indexOf('@');
  return {
    Relays: colon === -1 ? null : address.slice(0, colon).split(','),
    Mailbox: at === -1 ? plain : plain.slice(0, at),
    Domain: at === -1 ? '' : plain.slice(at + 1),
    Params: '',
  };
}

/** Names keep the letters in which they came; a folded value is joined as it is; a field that repeats has a value each time. */
function parseHeaders(text: string): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of text.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    const values = headers.get(name) ?? [];
    values.push(line.slice(colon + 1).trimStart());
    headers.set(name, values);
  }
  return headers;
}

function parseContent(text: string, bytes = Buffer.byteLength(text), depth = 0): MailHogContent {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return { Headers: {}, Body: text, Size: bytes, MIME: null };
  const headers = parseHeaders(text.slice(0, end));
  const body = text.slice(end + 4);
  const mime = depth === maxDepth ? null : parseMime(headers.get('Content-Type')?.[0], body, depth);
  return { Headers: Object.fromEntries(headers), Body: body, Size: bytes, MIME: mime };
}

/** Split at the boundary as MailHog does it: its clients count parts, the preamble and the closing `--` among them. */
function parseMime(contentType: string | undefined, body: string, depth: number): MailHogMime | null {
  if (contentType === undefined || !/^multipart\//i.test(contentType)) return null;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return { Parts: null };
  const pieces = body.split(`--${boundary}`).filter((piece) => piece !== '');
  return { Parts: pieces.map((piece) => parseContent(trimLineEnds(piece), undefined, depth + 1)) };
}

/** By hand, since a regular expression for the end takes quadratic time on a mail that is made for it. */
function trimLineEnds(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isLineEnd(text[start])) start += 1;
  while (end > start && isLineEnd(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isLineEnd(character: string | undefined): boolean {
  return character === '\r' || character === '\n';
}

function withTrace(headers: MailHogContent['Headers'], trace: Readonly<Record<string, string>>): MailHogContent['Headers'] {
  const names = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
  const added = Object.entries(trace).flatMap(([name, value]) => {
    const present = names.get(name.toLowerCase());
    if (present !== undefined && name === 'Message-ID') return [];
    return [[present ?? name, [...(headers[present ?? name] ?? []), value]] as const];
  });
  return { ...headers, ...Object.fromEntries(added) };
}
