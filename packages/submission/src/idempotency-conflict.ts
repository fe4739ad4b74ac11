/**
 * Why a submission under an idempotency key was not accepted.
 *
 * REUSED: the key belongs to another request. IN_FLIGHT: what becomes of the first request under it is not decided yet; worth a retry.
 */
export class IdempotencyConflict extends Error {
  readonly code: 'REUSED' | 'IN_FLIGHT';
  /** The message that the key belongs to. */
  readonly id: string;

  constructor(code: IdempotencyConflict['code'], id: string) {
    super(sentences[code]);
    this.name = 'IdempotencyConflict';
    this.code = code;
    this.id = id;
  }
}

const sentences = {
  REUSED: 'the idempotency key was used for another request before; expected the same request, or a new key',
  IN_FLIGHT: 'the first request under this idempotency key is still on its way; try again in a moment',
};
