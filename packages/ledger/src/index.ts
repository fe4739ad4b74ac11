export { LiveLedger, type LiveLedgerOptions, type RebuildProgress } from './live-ledger.ts';
export type { ListRequest, MessagePage } from './message-list.ts';
export type { MessageFilter } from './query.ts';
export type { AttemptEnd, AttemptRecord, MessageRecord, RecipientRecord } from './record.ts';
export type { Place } from './word-index.ts';
