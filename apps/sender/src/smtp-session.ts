import type { Reply } from '@posthaste/core';
import { type Body, type Envelope, type Extensions, isPositive, TransactionSteps } from './smtp-transaction.ts';
import { ConnectionLost, type SmtpWire } from './smtp-wire.ts';

export type Transaction =
  /** Each recipient has its answer, in the envelope's order. */
  | { readonly kind: 'answered'; readonly replies: readonly Reply[] }
  /** `heard`: whether the upstream answered anything within this transaction. `handedOver`: the mail may have been delivered. */
  | { readonly kind: 'lost'; readonly lost: ConnectionLost; readonly heard: boolean; readonly handedOver: boolean }
  /** `mayFinish` said no. */
  | { readonly kind: 'tooLate' }
  | { readonly kind: 'bodyFailed'; readonly error: unknown };

/** One transaction after the other over a warm connection. */
export class SmtpSession {
  readonly extensions: Extensions;
  readonly wire: SmtpWire;
  /** Transactions so far. */
  used = 0;
  #mustReset = false;

  constructor(wire: SmtpWire, extensions: Extensions) {
    this.wire = wire;
    this.extensions = extensions;
  }

  /** `mayFinish` is asked at the last moment before the last bytes leave; after a no the connection is dropped and the upstream has nothing. */
  async transact(envelope: Envelope, body: Body, mayFinish: () => Promise<boolean>, mailWritten = () => {}): Promise<Transaction> {
    const steps = new TransactionSteps(this.wire, envelope, this.extensions, mailWritten);
    this.used += 1;
    try {
      const reset = this.#mustReset;
      this.#mustReset = true;
      const { replies, data } = await steps.openEnvelope(reset);
      if (data === undefined) return { kind: 'answered', replies };
      const final = await steps.sendBody(body, mayFinish);
      if (typeof final === 'string') return { kind: final };
      this.#mustReset = false;
      return { kind: 'answered', replies: replies.map((reply) => (isPositive(reply) ? final : reply)) };
    } catch (error) {
      if (!(error instanceof ConnectionLost)) return { kind: 'bodyFailed', error };
      return { kind: 'lost', lost: error, heard: steps.heard, handedOver: this.wire.phase === 'final' };
    } finally {
      this.wire.phase = 'idle';
    }
  }

  /** Whether the upstream still answers (RFC 5321, 4.1.1.9). Rejects with ConnectionLost. */
  async noop(): Promise<Reply> {
    this.wire.phase = 'envelope';
    this.wire.say('NOOP');
    try {
      return await this.wire.reply();
    } finally {
      this.wire.phase = 'idle';
    }
  }
}
