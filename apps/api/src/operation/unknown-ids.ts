import { create } from '@bufbuild/protobuf';
import { MessageState, RecipientState, UnchangedCause, UnchangedCountSchema, type Message, type Operation } from '@posthaste/protocol';
import type { OperateRequest } from '@posthaste/protocol/dispatch';
import { findMessage, type MessageSources } from '../status/message-finding.ts';
import { messageFromRecord } from '../status/message-view.ts';

interface Asked {
  readonly operation: Operation;
  readonly ids: readonly string[];
  readonly act: OperateRequest['act']['case'];
}

/**
 * A scheduler knows what is under way, and which dead letters are kept. An id that it does not know is that of another message, or of none: the ledger
 * tells which. Rejects with MESSAGE_NOT_FOUND when one id was named, and no message has it.
 */
export async function explainUnknown(sources: MessageSources, { operation, ids, act }: Asked, signal: AbortSignal): Promise<Operation> {
  const unknown = operation.unchanged.find(({ cause }) => cause === UnchangedCause.NOT_FOUND);
  if (!unknown) return operation;
  const messages = ids.length === 1 && ids[0] !== undefined ? [(await findMessage(sources, ids[0], signal)).message] : recorded(sources, ids);
  for (const message of messages) {
    if (unknown.count === 0n) break;
    // Of several, those under way are what the scheduler did know.
    if (ids.length > 1 && !isFinal(message)) continue;
    unknown.count -= 1n;
    add(operation, act === 'revive' || act === 'purge' ? causeOfDead(message) : UnchangedCause.FINAL);
  }
  operation.unchanged = operation.unchanged.filter(({ count }) => count > 0n);
  return operation;
}

function recorded({ ledger, clock }: MessageSources, ids: readonly string[]): Message[] {
  return ids.flatMap((id) => {
    const record = ledger.getMessage(id);
    return record ? [messageFromRecord(record, clock.now())] : [];
  });
}

const liveStates: ReadonlySet<MessageState> = new Set([MessageState.QUEUED, MessageState.HELD, MessageState.SENDING, MessageState.IN_DOUBT]);

function isFinal({ state }: Message): boolean {
  return !liveStates.has(state);
}

function causeOfDead(message: Message): UnchangedCause {
  const failed = message.recipients.some(({ state }) => state === RecipientState.FAILED);
  return failed && isFinal(message) ? UnchangedCause.BODY_GONE : UnchangedCause.NOT_APPLICABLE;
}

function add({ unchanged }: Operation, cause: UnchangedCause): void {
  const same = unchanged.find((each) => each.cause === cause);
  if (same) same.count += 1n;
  else unchanged.push(create(UnchangedCountSchema, { cause, count: 1n }));
}
