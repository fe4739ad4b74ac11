import { expect, test } from 'vitest';
import { messageStateOf } from './message-state.ts';

test.each([
  [['delivered', 'delivered'], 'delivered'],
  [['delivered', 'failed'], 'partlyDelivered'],
  [['failed', 'failed'], 'failed'],
  [['expired'], 'expired'],
  [['failed', 'expired'], 'failed'],
  [['delivered', 'queued'], 'queued'],
  [['queued', 'sending', 'inDoubt'], 'sending'],
  [['queued', 'inDoubt', 'failed'], 'inDoubt'],
] as const)('recipients %j make the message %s', (recipients, state) => expect(messageStateOf(recipients)).toBe(state));
