import type { MessageState as StateName } from '@posthaste/core';
import { MessageState } from '@posthaste/protocol';

const states: Readonly<Record<StateName, MessageState>> = {
  queued: MessageState.QUEUED,
  held: MessageState.HELD,
  sending: MessageState.SENDING,
  inDoubt: MessageState.IN_DOUBT,
  delivered: MessageState.DELIVERED,
  partlyDelivered: MessageState.PARTLY_DELIVERED,
  failed: MessageState.FAILED,
  expired: MessageState.EXPIRED,
  cancelled: MessageState.CANCELLED,
};

const names: ReadonlyMap<MessageState, StateName> = new Map(Object.entries(states).map(([name, state]) => [state, name as StateName]));

export function messageStateFrom(name: StateName): MessageState {
  return states[name];
}

/** Undefined for a state that no message comes into. */
export function messageStateName(state: MessageState): StateName | undefined {
  return names.get(state);
}
