import type { LaneTable, ChunkedBody } from '@posthaste/core';
import type { ChunkWriter } from '@posthaste/stream';
import type { Span } from '@posthaste/telemetry';
import { ourTrouble, type Mail } from './accept.ts';
import { Fingerprint } from './fingerprint.ts';
import { Gather } from './gather.ts';
import { rewriteHead, type Head } from './message/head.ts';
import { LineEnds } from './message/line-ends.ts';
import type { TraceFacts } from './message/trace.ts';
import { SubmissionError } from './submission-error.ts';
import { mergeWishes } from './merge-wishes.ts';
import type { Acceptance, Cover, SubmissionLimits } from './submission.ts';

export interface IntakeOptions {
  readonly id: string;
  readonly cover: Cover;
  readonly trace: TraceFacts;
  readonly lanes: LaneTable;
  readonly limits: SubmissionLimits;
  /** What speaks against the message already. */
  readonly refusal: SubmissionError | undefined;
  /** By whom a repeated submission is to be recognised; absent when none is. */
  readonly submitter?: string;
  /** From the beginning of the submission to its answer. */
  readonly span: Span;
  openChunks(head: Head): ChunkWriter;
  accept(mail: Mail): Promise<Acceptance>;
}

interface Chunked {
  readonly kind: 'chunked';
  readonly head: Head;
  readonly writer: ChunkWriter;
  /** All that was given to the writer so far. */
  written: Promise<void>;
}

/**
 * head: the header block is not complete.
 * inline: the message is gathered in memory, up to the inline limit.
 * chunked: it is above; what comes is written to BODIES in order.
 * refused: nothing is kept any more; `finish` says why.
 */
type Stage =
  | { readonly kind: 'head'; pieces: readonly Buffer[] }
  | { readonly kind: 'inline'; readonly head: Head; readonly pieces: Buffer[] }
  | Chunked
  | { readonly kind: 'refused'; readonly error: SubmissionError };

/** One message on its way in: bytes as they come, transformed as they pass, and accepted at the end. */
export class Intake {
  readonly id: string;
  readonly #options: IntakeOptions;
  readonly #lineEnds = new LineEnds();
  readonly #gather = new Gather((bytes) => this.#transform(bytes));
  #stage: Stage;
  /** Of a message that could be a repeated one, from its head on. */
  #fingerprint: Fingerprint | undefined;
  /** Bytes as they came. */
  #came = 0;
  /** Bytes of the message as it will be stored. */
  #size = 0;

  constructor(options: IntakeOptions) {
    this.id = options.id;
    this.#options = options;
    this.#stage = options.refusal ? { kind: 'refused', error: options.refusal } : { kind: 'head', pieces: [] };
  }

  /** Takes the next bytes. A promise means: wait with more until it resolves. Never fails; what is wrong comes out of `finish`. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    const { maxBytes } = this.#options.limits;
    this.#came += bytes.length;
    if (this.#came > maxBytes) this.#refuse(tooLarge(maxBytes));
    if (this.#stage.kind === 'refused') return undefined;
    return this.#gather.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** The message is complete. Rejects with a SubmissionError; resolves only when the mail is stored. */
  async finish(): Promise<Acceptance> {
    void this.#gather.end();
    this.#guard(() => this.#end());
    try {
      const { head, body } = await this.#body();
      const acceptance = await this.#options.accept(this.#mail(head, body));
      this.#options.span.end();
      return acceptance;
    } catch (error) {
      const refusal = ourTrouble(error);
      this.#options.span.end({ error: refusal.code });
      throw refusal;
    }
  }

  /** The client went away: forgets everything. Chunks that were already written are swept by the partition's owner. */
  abort(): void {
    this.#refuse(new SubmissionError('AWAY', 'the client went away before the message was complete'));
    this.#options.span.end({ error: 'client_gone' });
  }

  #transform(bytes: Buffer): Promise<void> | undefined {
    return this.#guard(() => {
      const clean = this.#lineEnds.push(bytes);
      return this.#stage.kind === 'head' ? this.#takeHead([...this.#stage.pieces, clean], false) : this.#takeMore(clean);
    });
  }

  /** What was held back comes last; a message may end before its header block does. */
  #end(): void {
    const rest = this.#lineEnds.end();
    if (this.#stage.kind === 'head') void this.#takeHead([...this.#stage.pieces, rest], true);
    else if (rest.length > 0) void this.#takeMore(rest);
  }

  #takeHead(pieces: readonly Buffer[], complete: boolean): Promise<void> | undefined {
    const bytes = joined(pieces);
    const head = rewriteHead(bytes, complete, this.#options.limits.maxHeaderBytes, this.#options.trace, this.#options.lanes);
    this.#stage = head ? { kind: 'inline', head, pieces: [] } : { kind: 'head', pieces: [bytes] };
    if (head?.authored) this.#fingerprint = this.#beginFingerprint(head.authored);
    return head && this.#keep(head.pieces);
  }

  #beginFingerprint(authored: readonly Buffer[]): Fingerprint | undefined {
    const { submitter, cover } = this.#options;
    if (submitter === undefined) return undefined;
    const fingerprint = new Fingerprint(submitter, cover.tenant ?? 'default', cover.envelope);
    for (const piece of authored) fingerprint.update(piece);
    return fingerprint;
  }

  #takeMore(bytes: Buffer): Promise<void> | undefined {
    this.#fingerprint?.update(bytes);
    return this.#keep([bytes]);
  }

  #keep(pieces: readonly Buffer[]): Promise<void> | undefined {
    for (const piece of pieces) this.#size += piece.length;
    const stage = this.#stage;
    if (stage.kind === 'chunked') return this.#writeOn(stage, pieces);
    if (stage.kind !== 'inline') return undefined;
    stage.pieces.push(...pieces);
    return this.#size > this.#options.limits.inlineBytes ? this.#overflow(stage.head, stage.pieces) : undefined;
  }

  /** Too much to be held in memory: from here on the body goes to BODIES while it comes in. */
  #overflow(head: Head, pieces: readonly Buffer[]): Promise<void> {
    const stage: Chunked = { kind: 'chunked', head, writer: this.#options.openChunks(head), written: Promise.resolve() };
    this.#stage = stage;
    return this.#writeOn(stage, pieces);
  }

  #writeOn(stage: Chunked, pieces: readonly Buffer[]): Promise<void> {
    const bytes = joined(pieces);
    const write = () => (this.#stage === stage ? stage.writer.write(bytes) : undefined);
    stage.written = stage.written.then(write).catch((error: unknown) => this.#refuse(error));
    return stage.written;
  }

  async #body(): Promise<{ head: Head; body: Uint8Array | ChunkedBody }> {
    if (this.#stage.kind === 'chunked') await this.#stage.written;
    const stage = this.#stage;
    switch (stage.kind) {
      case 'inline':
        return { head: stage.head, body: joined(stage.pieces) };
      case 'chunked': {
        const { count, digest } = await stage.writer.end();
        return { head: stage.head, body: { count, digest } };
      }
      case 'refused':
        throw stage.error;
      case 'head':
        throw new Error('unreachable: a complete message has a header block, if only an empty one');
    }
  }

  #mail(head: Head, body: Uint8Array | ChunkedBody): Mail {
    const { id, cover, trace, lanes } = this.#options;
    const { envelope, tenant = 'default' } = cover;
    const smtpUtf8 = trace.smtpUtf8 || (envelope.smtpUtf8 === true && head.eightBit);
    const { eightBit } = this.#lineEnds;
    return {
      id,
      tenant,
      envelope,
      cover,
      asked: head.asked,
      wishes: mergeWishes(cover, head.asked, lanes),
      size: this.#size,
      body,
      eightBit,
      smtpUtf8,
      messageId: head.messageId,
      traceparent: this.#options.span.traceparent,
      ...(this.#fingerprint && { fingerprint: this.#fingerprint.digest() }),
    };
  }

  #guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#refuse(error);
      return undefined;
    }
  }

  /** The first reason stays. What was kept is free at once. */
  #refuse(error: unknown): void {
    if (this.#stage.kind !== 'refused') this.#stage = { kind: 'refused', error: ourTrouble(error) };
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** An address is beyond ASCII: the envelope itself needs SMTPUTF8. */
export function isInternational({ envelope }: Cover): boolean {
  return beyondAscii(envelope.from) || envelope.recipients.some(({ address }) => beyondAscii(address));
}

function beyondAscii(word: string): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) > 127) return true;
  return false;
}

function tooLarge(maxBytes: number): SubmissionError {
  const expected = `at most ${maxBytes} bytes`;
  return new SubmissionError('TOO_LARGE', `the message is too large; expected ${expected}`, { field: 'message', expected });
}
