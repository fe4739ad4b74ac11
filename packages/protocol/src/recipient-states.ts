import { RecipientState } from './gen/posthaste/v1/message_pb.ts';

/** The states of a recipient by the names that they have inside, in journal and ledger. Who has a type of those names assigns this to a table of it, so that none is missing. */
export const recipientStates = {
  queued: RecipientState.QUEUED,
  held: RecipientState.HELD,
  sending: RecipientState.SENDING,
  inDoubt: RecipientState.IN_DOUBT,
  delivered: RecipientState.DELIVERED,
  failed: RecipientState.FAILED,
  expired: RecipientState.EXPIRED,
  cancelled: RecipientState.CANCELLED,
} as const;
