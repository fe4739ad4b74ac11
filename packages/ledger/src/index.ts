export { LiveLedger, type LiveLedgerOptions } from './live-ledger.ts';
export type { AttemptEnd, AttemptRecord, MessageRecord, RecipientRecord } from './record.ts';
