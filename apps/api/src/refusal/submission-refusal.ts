import type { ConnectError } from '@connectrpc/connect';
import type { IdempotencyConflict, SubmissionError, SubmissionErrorCode } from '@posthaste/submission';
import { refusal, type ReasonName } from './refusal.ts';

interface Translation {
  readonly reason: ReasonName;
  /** The field of the request that is wrong. */
  readonly field?: string;
}

/** What a submission's refusal is called in this API. */
const translations: Readonly<Record<SubmissionErrorCode, Translation>> = {
  FULL: { reason: 'STORAGE_FULL' },
  AWAY: { reason: 'STORAGE_UNAVAILABLE' },
  TOO_LARGE: { reason: 'MESSAGE_TOO_LARGE' },
  TOO_MANY_RECIPIENTS: { reason: 'TOO_MANY_RECIPIENTS', field: 'to' },
  INVALID_HEADER: { reason: 'INVALID_FIELD', field: 'headers' },
  INVALID_SENDER: { reason: 'INVALID_FIELD', field: 'from' },
  INVALID_RECIPIENT: { reason: 'INVALID_FIELD', field: 'to' },
  INVALID_TENANT: { reason: 'INVALID_FIELD', field: 'tenant' },
  INVALID_LANE: { reason: 'INVALID_FIELD', field: 'lane' },
  INVALID_TAGS: { reason: 'INVALID_FIELD', field: 'tags' },
  INVALID_SEND_AT: { reason: 'INVALID_FIELD', field: 'send_at' },
  INVALID_TTL: { reason: 'INVALID_FIELD', field: 'ttl' },
  INVALID_DEADLINE: { reason: 'INVALID_FIELD', field: 'deadline' },
};

export function translateRefusal(error: SubmissionError): ConnectError {
  const { reason, field } = translations[error.code];
  const fields = field === undefined ? [] : [{ field, description: error.message }];
  return refusal(reason, error.message, { fields, cause: error.cause ?? error });
}

export function translateConflict({ code, id, message }: IdempotencyConflict): ConnectError {
  const reason = code === 'REUSED' ? 'IDEMPOTENCY_KEY_REUSED' : 'IDEMPOTENCY_IN_FLIGHT';
  return refusal(reason, message, { metadata: { message_id: id } });
}
