import type { Reply } from '@posthaste/core';
import { DotStuffing } from './dot-stuffing.ts';
import { ConnectionLost, type SmtpWire } from './smtp-wire.ts';

/** What the upstream's EHLO offered. */
export interface Extensions {
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  readonly size: boolean;
}

export interface Envelope {
  readonly from: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** Bytes of the body, for SIZE (RFC 1870). */
  readonly size: number;
  readonly eightBit: boolean;
  readonly smtpUtf8: boolean;
  /** RET and ENVID of RFC 3461, the latter in xtext; empty when not given. */
  readonly dsnReturn: string;
  readonly dsnEnvelopeId: string;
}

export interface EnvelopeRecipient {
  readonly address: string;
  /** NOTIFY and ORCPT of RFC 3461, the latter in xtext; empty when not given. */
  readonly dsnNotify: string;
  readonly dsnOriginal: string;
}

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** Fails at the end, instead of giving the last piece, when the body turns out to be damaged. */
  | { readonly kind: 'pieces'; readonly pieces: AsyncIterable<Buffer> };

/** Bodies are written in pieces of this size, so that little lies beyond recall when lease and deadline are looked at. */
const pieceBytes = 64 * 1024;

/** What openEnvelope leaves: one reply a recipient, and DATA's 354 when the body is due. */
interface OpenEnvelope {
  readonly replies: readonly Reply[];
  readonly data: Reply | undefined;
}

/** What is said and heard in one transaction. Its methods throw ConnectionLost, and whatever the body throws. */
export class TransactionSteps {
  heard = false;
  readonly #wire: SmtpWire;
  readonly #envelope: Envelope;
  readonly #extensions: Extensions;
  readonly #mailWritten: () => void;

  /** `mailWritten` is called when MAIL FROM has been handed to the socket. */
  constructor(wire: SmtpWire, envelope: Envelope, extensions: Extensions, mailWritten: () => void) {
    this.#wire = wire;
    this.#envelope = envelope;
    this.#extensions = extensions;
    this.#mailWritten = mailWritten;
  }

  openEnvelope(reset: boolean): Promise<OpenEnvelope> {
    this.#wire.phase = 'envelope';
    const commands = [
      mailCommand(this.#envelope, this.#extensions),
      ...this.#envelope.recipients.map((recipient) => rcptCommand(recipient, this.#extensions)),
    ];
    return this.#extensions.pipelining ? this.#allAtOnce(commands, reset) : this.#oneByOne(commands, reset);
  }

  /** RFC 2920: RSET, MAIL, every RCPT and DATA in one segment. */
  async #allAtOnce(commands: readonly string[], reset: boolean): Promise<OpenEnvelope> {
    this.#wire.say(...(reset ? ['RSET'] : []), ...commands, 'DATA');
    this.#mailWritten();
    if (reset) await this.#hear();
    const mail = await this.#hear();
    const replies: Reply[] = [];
    for (let left = this.#envelope.recipients.length; left > 0; left--) replies.push(await this.#hear());
    const data = await this.#hear();
    if (!isPositive(mail))
      return this.#senderRefused(
        replies.map(() => mail),
        data,
      );
    if (!replies.some(isPositive)) return this.#recipientsRefused(replies, data);
    return this.#dataAnswered(replies, data);
  }

  async #oneByOne(commands: readonly string[], reset: boolean): Promise<OpenEnvelope> {
    if (reset) await this.#ask('RSET');
    const replies: Reply[] = [];
    for (const [index, command] of commands.entries()) {
      this.#wire.say(command);
      if (index === 0) this.#mailWritten();
      const reply = await this.#hear();
      if (index === 0 && !isPositive(reply)) return { replies: this.#envelope.recipients.map(() => reply), data: undefined };
      if (index > 0) replies.push(reply);
    }
    return replies.some(isPositive) ? this.#dataAnswered(replies, await this.#ask('DATA')) : { replies, data: undefined };
  }

  /** An upstream that wants a body after it refused the sender cannot be trusted with any. */
  #senderRefused(replies: readonly Reply[], data: Reply): OpenEnvelope {
    if (data.code === 354) this.#drop('the upstream refused MAIL and took DATA');
    return { replies, data: undefined };
  }

  /** Nobody takes the mail, yet DATA was sent along. An upstream that says 354 all the same gets an empty mail for nobody (RFC 2920, 3.1). */
  async #recipientsRefused(replies: readonly Reply[], data: Reply): Promise<OpenEnvelope> {
    if (data.code === 354) await this.#ask('.');
    return { replies, data: undefined };
  }

  #dataAnswered(replies: readonly Reply[], data: Reply): OpenEnvelope {
    if (data.code === 354) return { replies, data };
    if (data.code < 400) throw this.#drop(`the upstream answered DATA with ${data.code}: expected 354`, data);
    return { replies: replies.map((reply) => (isPositive(reply) ? data : reply)), data: undefined };
  }

  /** The reply to the final dot, or `tooLate`. */
  async sendBody(body: Body, mayFinish: () => Promise<boolean>): Promise<Reply | 'tooLate'> {
    this.#wire.phase = 'body';
    const stuffing = new DotStuffing();
    try {
      const last = body.kind === 'whole' && body.bytes.length <= pieceBytes ? body.bytes : await this.#writeAllButLast(piecesOf(body), stuffing);
      if (!(await mayFinish())) {
        this.#drop('the lease or the deadline was over before the final dot');
        return 'tooLate';
      }
      this.#wire.handOver(stuffing.stuff(last), stuffing.end());
      return await this.#finalReply();
    } catch (error) {
      const early = this.#wire.earlyReply();
      if (early) return early;
      if (!(error instanceof ConnectionLost)) this.#drop('the body could not be read to its end');
      throw error;
    }
  }

  async #writeAllButLast(pieces: AsyncIterable<Buffer>, stuffing: DotStuffing): Promise<Buffer> {
    let last: Buffer = Buffer.alloc(0);
    for await (const piece of pieces) {
      if (last.length > 0) await this.#wire.write(stuffing.stuff(last));
      last = piece;
    }
    return last;
  }

  async #finalReply(): Promise<Reply> {
    const reply = await this.#hear();
    if (reply.code === 421) this.#drop('the upstream closes the session', reply);
    if (reply.code >= 300 && reply.code < 400) throw this.#drop('the upstream answered the final dot with a 3xx', reply);
    return reply;
  }

  #ask(command: string): Promise<Reply> {
    this.#wire.say(command);
    return this.#hear();
  }

  async #hear(): Promise<Reply> {
    const reply = await this.#wire.reply();
    this.heard = true;
    return reply;
  }

  #drop(sentence: string, reply?: Reply): ConnectionLost {
    const lost = new ConnectionLost(sentence, reply);
    this.#wire.end(lost);
    return lost;
  }
}

async function* piecesOf(body: Body): AsyncGenerator<Buffer> {
  if (body.kind === 'whole') yield* cut(body.bytes);
  else for await (const piece of body.pieces) yield* cut(piece);
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

function mailCommand(envelope: Envelope, offered: Extensions): string {
  const parameters = [
    offered.size && `SIZE=${envelope.size}`,
    envelope.eightBit && 'BODY=8BITMIME',
    envelope.smtpUtf8 && 'SMTPUTF8',
    offered.dsn && envelope.dsnReturn && `RET=${envelope.dsnReturn}`,
    offered.dsn && envelope.dsnEnvelopeId && `ENVID=${envelope.dsnEnvelopeId}`,
  ];
  return ['MAIL FROM:<' + envelope.from + '>', ...parameters.filter(Boolean)].join(' ');
}

function rcptCommand(recipient: EnvelopeRecipient, offered: Extensions): string {
  const parameters = [
    offered.dsn && recipient.dsnNotify && `NOTIFY=${recipient.dsnNotify}`,
    offered.dsn && recipient.dsnOriginal && `ORCPT=${recipient.dsnOriginal}`,
  ];
  return ['RCPT TO:<' + recipient.address + '>', ...parameters.filter(Boolean)].join(' ');
}
