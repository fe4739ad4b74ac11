import { expect, test } from 'vitest';
import { MessageState, RecipientState } from '@posthaste/protocol';
import { messageStateOf } from './message-state.ts';

const { QUEUED, SENDING, IN_DOUBT, DELIVERED, FAILED, EXPIRED } = RecipientState;

test.each([
  [[DELIVERED, DELIVERED], MessageState.DELIVERED],
  [[DELIVERED, FAILED], MessageState.PARTLY_DELIVERED],
  [[FAILED, FAILED], MessageState.FAILED],
  [[EXPIRED], MessageState.EXPIRED],
  [[FAILED, EXPIRED], MessageState.FAILED],
  [[DELIVERED, QUEUED], MessageState.QUEUED],
  [[QUEUED, SENDING, IN_DOUBT], MessageState.SENDING],
  [[QUEUED, IN_DOUBT, FAILED], MessageState.IN_DOUBT],
])('recipients %j make state %i', (recipients, state) => expect(messageStateOf(recipients)).toBe(state));
