export { chunkBytes, createChunkWriter, readChunks, removeChunks, writeChunks, type ChunkWriter, type WrittenBody } from './bodies.ts';
export { connectStream, type ConnectOptions, type StreamConnection } from './connection.ts';
export { readEntry, readLast, readNext, readSince, streamState, type StreamState } from './direct.ts';
export type { StreamEntry } from './entry.ts';
export { isStreamError, StreamError, type StreamErrorCode } from './errors.ts';
export { watchFill, type FillWatch, type WatchFillOptions } from './fill.ts';
export { openJournal, type Journal, type JournalOptions } from './journal.ts';
export { createKey, readKey, type KeyName, type NewKey } from './keys.ts';
export {
  bodiesStream,
  bodyFilter,
  bodySubject,
  deadStream,
  deadSubject,
  journalStream,
  journalSubject,
  keysStream,
  laneOfStream,
  leasesStream,
  mailStream,
  mailStreams,
  mailSubject,
  partitionOfStream,
  settingsStream,
  sharesStream,
  stateStream,
  stateSubject,
  ticketHeader,
  waitStream,
  waitSubject,
  type JournalKind,
  type KeyLife,
} from './layout.ts';
export { createLease, currentOwner, type Lease, type LeaseOptions, type LeaseOwner } from './lease.ts';
export { defaultLimits, type StorageShares, type StreamLimits } from './plan.ts';
export { createPublisher, type Publication, type Publisher, type PublisherOptions, type Stored } from './publisher.ts';
export { readStream, readUntil, type ReadOptions } from './reader.ts';
export { purgeSubject, removeEntry, trimLog } from './removal.ts';
export { announcePresence, readRoster, withdrawPresence, type Roster } from './roster.ts';
export { createSetting, readSettings, removeSetting } from './settings.ts';
export { readShares, writeShares, type StoredShares } from './shares.ts';
export { ensureStreams, type EnsureStreamsOptions } from './streams.ts';
