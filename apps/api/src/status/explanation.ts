import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { ExplainMessageResponseSchema, type ExplainMessageResponse } from '@posthaste/protocol';
import { catchUp, findMessage, type MessageSources } from './message-finding.ts';
import { messageFromLookup } from './message-view.ts';
import type { SchedulerLookup } from './scheduler-lookup.ts';

export interface ExplanationSources extends MessageSources {
  readonly lookup: Pick<SchedulerLookup, 'find' | 'explain'>;
}

/** Why a message is not there yet: the scheduler's word. What it does not know any more has nothing left to pass. */
export async function explainMessage(sources: ExplanationSources, id: string, signal: AbortSignal): Promise<ExplainMessageResponse> {
  const live = await sources.lookup.explain(id);
  if (live?.message) {
    const { message, recipients, explainedAt } = live;
    return create(ExplainMessageResponseSchema, { message: messageFromLookup(message), recipients, ...(explainedAt ? { explainedAt } : {}) });
  }
  await catchUp(sources.ledger, signal);
  const { message } = await findMessage(sources, id, signal);
  const recipients = message.recipients.map(({ address, state }) => ({ address, state }));
  return create(ExplainMessageResponseSchema, { message, recipients, explainedAt: timestampFromMs(sources.clock.now()) });
}
