import { ConnectError } from '@connectrpc/connect';
import type { LiveLedger } from '@posthaste/ledger';
import type { Message } from '@posthaste/protocol';
import { isStreamError } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import { messageFromLookup, messageFromRecord } from './message-view.ts';
import { reasonOf, refusal } from '../refusal/refusal.ts';
import type { SchedulerLookup } from './scheduler-lookup.ts';

/** Who knows where messages are. */
export interface MessageSources {
  readonly ledger: Pick<LiveLedger, 'getMessage' | 'caughtUp' | 'subscribe' | 'list' | 'lagMs'>;
  readonly lookup: Pick<SchedulerLookup, 'find'>;
  readonly clock: Clock;
}

/** A message, and who knew it. What the scheduler knows may be ahead of the ledger. */
export interface FoundMessage {
  readonly message: Message;
  readonly from: 'ledger' | 'scheduler';
}

/** Rejects with MESSAGE_NOT_FOUND when nobody knows it, and with an UNAVAILABLE when somebody who may know it cannot be asked. */
export async function findMessage(sources: MessageSources, id: string, signal: AbortSignal): Promise<FoundMessage> {
  const found = fromLedger(sources, id) ?? (await fromScheduler(sources, id, signal)) ?? (await fromCurrentLedger(sources, id, signal));
  if (!found) throw refusal('MESSAGE_NOT_FOUND', `no message has the id ${id}`, { metadata: { id } });
  return found;
}

function fromLedger({ ledger, clock }: MessageSources, id: string): FoundMessage | undefined {
  const record = ledger.getMessage(id);
  return record && { message: messageFromRecord(record, clock.now()), from: 'ledger' };
}

/** What has just finished the scheduler knows no more: then it is in the journal. */
async function fromScheduler(sources: MessageSources, id: string, signal: AbortSignal): Promise<FoundMessage | undefined> {
  try {
    const found = await sources.lookup.find(id);
    return found && { message: messageFromLookup(found), from: 'scheduler' };
  } catch (error) {
    if (!(error instanceof ConnectError) || reasonOf(error) !== 'SCHEDULER_UNAVAILABLE') throw error;
    const recorded = await fromCurrentLedger(sources, id, signal);
    if (recorded) return recorded;
    throw error;
  }
}

/** The scheduler forgets a mail when its end is journalled; the ledger may not have read that far when it was asked first. */
async function fromCurrentLedger(sources: MessageSources, id: string, signal: AbortSignal): Promise<FoundMessage | undefined> {
  await catchUp(sources.ledger, signal);
  return fromLedger(sources, id);
}

/** Resolves when the ledger holds all that is journalled by now. */
export async function catchUp(ledger: Pick<LiveLedger, 'caughtUp'>, signal: AbortSignal): Promise<void> {
  try {
    await ledger.caughtUp(signal);
  } catch (error) {
    if (!isStreamError(error)) throw error;
    throw refusal('STORAGE_UNAVAILABLE', 'the journal cannot be read now; try again', { cause: error });
  }
}
