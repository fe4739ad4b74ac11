import { MessageState, RecipientState } from '@posthaste/protocol';

/** States in which something can still happen, in the order in which one of them names the whole message. */
const live: readonly (readonly [RecipientState, MessageState])[] = [
  [RecipientState.SENDING, MessageState.SENDING],
  [RecipientState.IN_DOUBT, MessageState.IN_DOUBT],
  [RecipientState.QUEUED, MessageState.QUEUED],
  [RecipientState.HELD, MessageState.HELD],
];

const final: ReadonlyMap<RecipientState, MessageState> = new Map<RecipientState, MessageState>([
  [RecipientState.DELIVERED, MessageState.DELIVERED],
  [RecipientState.FAILED, MessageState.FAILED],
  [RecipientState.EXPIRED, MessageState.EXPIRED],
  [RecipientState.CANCELLED, MessageState.CANCELLED],
  [RecipientState.SUPPRESSED, MessageState.SUPPRESSED],
]);

/** What the states of a message's recipients come to, as the contract says at MessageState. */
export function messageStateOf(recipients: readonly RecipientState[]): MessageState {
  const present = new Set(recipients);
  const underWay = live.find(([state]) => present.has(state));
  if (underWay) return underWay[1];
  const [only, other] = present;
  if (only !== undefined && other === undefined) return final.get(only) ?? MessageState.UNSPECIFIED;
  return present.has(RecipientState.DELIVERED) ? MessageState.PARTLY_DELIVERED : MessageState.FAILED;
}
