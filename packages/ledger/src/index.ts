export { JournalFollower, type FollowOptions } from './follow.ts';
export { Ledger, type Position } from './ledger.ts';
export type { AttemptEnd, AttemptRecord, MessageRecord, RecipientRecord } from './record.ts';
