import { createHash, type Hash } from 'node:crypto';
import type { Envelope } from './submission.ts';

/** Of base64url, so 162 bits: nobody finds two mails with the same one, and it is shorter than an id. */
const digestCharacters = 27;

/**
 * What makes two submissions the same one: who submits, the envelope, and the message as its author wrote it. It is all of the message but its
 * Date and Received fields, because a client that sends again may write these anew; a Message-ID must be in it.
 */
export class Fingerprint {
  readonly #hash: Hash = createHash('sha256');

  constructor(submitter: string, tenant: string, { from, recipients, dsnReturn, dsnEnvelopeId }: Envelope) {
    this.#hash.update(JSON.stringify([submitter, tenant, from, recipients, dsnReturn, dsnEnvelopeId]));
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): string {
    return this.#hash.digest('base64url').slice(0, digestCharacters);
  }
}
