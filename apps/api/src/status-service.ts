import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { JournalFollower, Ledger } from '@posthaste/ledger';
import { GetMessageResponseSchema, type Message, type StatusService } from '@posthaste/protocol';
import { isStreamError } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import { messageFromLookup, messageFromRecord } from './message-view.ts';
import { refusal } from './refusal.ts';
import type { SchedulerLookup } from './scheduler-lookup.ts';

export interface StatusOptions {
  readonly ledger: Ledger;
  readonly follower: Pick<JournalFollower, 'caughtUp'>;
  readonly lookup: SchedulerLookup;
  readonly clock: Clock;
}

export function createStatusService(options: StatusOptions): Partial<ServiceImpl<typeof StatusService>> {
  return {
    async getMessage({ id: given }, { signal }) {
      const id = given.toLowerCase();
      const message = fromLedger(options, id) ?? (await fromScheduler(options, id)) ?? (await fromLedgerOnceCurrent(options, id, signal));
      if (!message) throw refusal('MESSAGE_NOT_FOUND', `no message has the id ${id}`, { metadata: { id } });
      return create(GetMessageResponseSchema, { message });
    },
  };
}

function fromLedger({ ledger, clock }: StatusOptions, id: string): Message | undefined {
  const record = ledger.getMessage(id);
  return record && messageFromRecord(record, clock.now());
}

async function fromScheduler({ lookup }: StatusOptions, id: string): Promise<Message | undefined> {
  const found = await lookup.find(id);
  return found && messageFromLookup(found);
}

/** The scheduler forgets a mail when its end is journalled; the ledger may not have read that far when it was asked first. */
async function fromLedgerOnceCurrent(options: StatusOptions, id: string, signal: AbortSignal): Promise<Message | undefined> {
  try {
    await options.follower.caughtUp(signal);
  } catch (error) {
    if (!isStreamError(error)) throw error;
    throw refusal('STORAGE_UNAVAILABLE', 'the journal cannot be read now; try again', { cause: error });
  }
  return fromLedger(options, id);
}
