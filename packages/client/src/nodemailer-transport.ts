import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { callbackify } from 'node:util';
import type { PosthasteClient } from './client.ts';
import type { Mail } from './mail.ts';

/** What a mail handed to nodemailer may say to Posthaste, under `posthaste`; headers such as `X-Posthaste-Lane` work too, and lose to this. */
export interface PosthasteMail {
  readonly posthaste?: Pick<Mail, 'lane' | 'tags' | 'tenant' | 'sendAt' | 'ttl' | 'deadline' | 'idempotencyKey'> | undefined;
}

/** What `sendMail` answers. The mail is stored by Posthaste then, not yet delivered: `client.status(info.posthasteId)` says where it is. */
export interface PosthasteSentMessageInfo {
  readonly envelope: Envelope;
  /** The Message-ID header. */
  readonly messageId: string;
  /** The message's id at Posthaste. */
  readonly posthasteId: string;
  /** Whether it was accepted before under the same idempotency key. */
  readonly replayed: boolean;
  /** All recipients: a mail is accepted as a whole or not at all. */
  readonly accepted: string[];
  /** None. */
  readonly rejected: string[];
  /** In the words of an SMTP server. */
  readonly response: string;
  // nodemailer's own type asks for it.
  [key: string]: unknown;
}

interface Envelope {
  from: string | false;
  to: string[];
  [key: string]: unknown;
}

/** As much of nodemailer's MailMessage as is needed here. */
interface ComposedMail {
  readonly data: PosthasteMail & {
    readonly signal?: AbortSignal | undefined;
    readonly messageId?: unknown;
    readonly date?: unknown;
    readonly headers?: unknown;
    readonly raw?: unknown;
  };
  readonly message: {
    baseBoundary: string;
    setHeader(name: string, value: string): unknown;
    getEnvelope(): Envelope;
    messageId(): string;
    createReadStream(): AsyncIterable<unknown>;
  };
}

/** A transport for `nodemailer.createTransport`. */
export interface PosthasteTransport {
  readonly name: string;
  readonly version: string;
  readonly supportsAbortSignal: boolean;
  send(mail: ComposedMail, callback: (error: Error | null, info: PosthasteSentMessageInfo) => void): void;
  /** Whether Posthaste answers. */
  verify(): Promise<true>;
}

/**
 * Lets those who have nodemailer hand their mail to Posthaste: `nodemailer.createTransport(createPosthasteTransport(client))`. Errors are PosthasteErrors.
 * Closing the transporter leaves the client open.
 */
export function createPosthasteTransport(client: PosthasteClient): PosthasteTransport {
  return {
    name: 'Posthaste',
    version: '0.1.0',
    supportsAbortSignal: true,
    send: callbackify((mail: ComposedMail) => send(client, mail)),
    async verify() {
      await client.stats();
      return true;
    },
  };
}

async function send(client: PosthasteClient, { data, message }: ComposedMail): Promise<PosthasteSentMessageInfo> {
  const envelope = message.getEnvelope();
  const raw = await compose({ data, message });
  const from = envelope.from === false || envelope.from === '' ? '<>' : envelope.from;
  const { id, replayed } = await client.submit({ ...data.posthaste, from, to: envelope.to, raw }, data.signal ? { signal: data.signal } : {});
  return {
    envelope,
    messageId: message.messageId(),
    posthasteId: id,
    replayed,
    accepted: [...envelope.to],
    rejected: [],
    response: `250 2.0.0 Ok: queued as ${id}`,
  };
}

/**
 * nodemailer draws Message-ID, Date and boundaries anew for each call. Under a key of the caller's the same mail is to be the same request, so the first and
 * the last follow from the key, and the Date is left to the server, which writes what is missing.
 */
async function compose({ data, message }: ComposedMail): Promise<Uint8Array> {
  const { idempotencyKey, tenant } = data.posthaste ?? {};
  if (idempotencyKey === undefined || data.raw !== undefined) return readAll(message.createReadStream());
  const word = createHash('sha256')
    .update(JSON.stringify([tenant, idempotencyKey]))
    .digest('hex')
    .slice(0, 32);
  const from = message.getEnvelope().from || 'posthaste';
  message.baseBoundary = word;
  const given = namesIn(data.headers);
  if (!data.messageId && !given.has('message-id')) message.setHeader('Message-ID', `<${word}@${from.slice(from.lastIndexOf('@') + 1)}>`);
  const raw = await readAll(message.createReadStream());
  return data.date || given.has('date') ? raw : withoutDate(raw);
}

/** nodemailer takes headers by name, or as a list of pairs. */
function namesIn(headers: unknown): ReadonlySet<string> {
  const names = Array.isArray(headers) ? headers.map(({ key }: { key: string }) => key) : Object.keys(headers ?? {});
  return new Set(names.map((name) => name.toLowerCase()));
}

function withoutDate(raw: Buffer): Buffer {
  const headBytes = raw.indexOf('\r\n\r\n') + 2;
  const head = raw
    .subarray(0, headBytes)
    .toString('latin1')
    .replace(/^Date: .*\r\n/m, '');
  return Buffer.concat([Buffer.from(head, 'latin1'), raw.subarray(headBytes)]);
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
