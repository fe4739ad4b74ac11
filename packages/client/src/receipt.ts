import type { SubmitResponse } from '@posthaste/protocol';
import { dateOf } from './message-status.ts';
import type { PosthasteError } from './posthaste-error.ts';
import { withProto, type WithProto } from './with-proto.ts';

/** The mail is Posthaste's now: stored, to be delivered at least once, or its failure recorded. */
export interface Receipt extends WithProto<SubmitResponse> {
  /** The message's id, a UUIDv7. */
  readonly id: string;
  readonly acceptedAt: Date | undefined;
  /** Whether this repeats a mail that was accepted before under the same idempotency key; id and time are those of the first. */
  readonly replayed: boolean;
  /** Under which it was handed over; give it again with the same mail, and it stays one mail. */
  readonly idempotencyKey: string;
}

/** What became of one mail of many. */
export type SubmitResult =
  | ({ readonly kind: 'accepted'; /** Its place among the mails given, from 0. */ readonly index: number } & Receipt)
  | { readonly kind: 'refused'; /** Its place among the mails given, from 0. */ readonly index: number; readonly error: PosthasteError };

export function receipt(response: SubmitResponse, idempotencyKey: string): Receipt {
  const { id, acceptedAt, replayed } = response;
  return withProto({ id, acceptedAt: dateOf(acceptedAt), replayed, idempotencyKey }, response);
}
