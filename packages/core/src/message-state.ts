import type { RecipientState } from './recipient.ts';

/** What the states of a message's recipients come to. */
export type MessageState = RecipientState['kind'] | 'partlyDelivered';

/** States in which something can still happen, in the order in which one of them names the whole message. */
const live = ['sending', 'inDoubt', 'queued', 'held'] as const;

export const liveMessageStates: readonly MessageState[] = live;

export const finalMessageStates: readonly MessageState[] = ['delivered', 'partlyDelivered', 'failed', 'expired', 'cancelled'];

/** While any recipient is not final, the most telling of their states; after that the one they share, or what they come to. */
export function messageStateOf(recipients: Iterable<RecipientState['kind']>): MessageState {
  const present = new Set(recipients);
  const underWay = live.find((state) => present.has(state));
  if (underWay) return underWay;
  const [only, other] = present;
  if (only !== undefined && other === undefined) return only;
  return present.has('delivered') ? 'partlyDelivered' : 'failed';
}
