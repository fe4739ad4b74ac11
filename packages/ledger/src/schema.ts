import { DatabaseSync } from 'node:sqlite';

/** To be raised with every change below: a ledger of another version is dropped, and rebuilt from the journal. */
const version = 2;

/**
 * A mail is one row, with all its recipients: what is asked for by itself is a column; what is only shown is JSON in one. `upstream` is the one that
 * was tried last. The index by state holds all that a list can be narrowed by cheaply, in the order of lists; both grow at their ends, and cost 2 us a
 * mail together. `fresh`, `word` and `run` belong to word-index.ts.
 */
const tables = `
  CREATE TABLE message (
    id TEXT PRIMARY KEY, partition INTEGER NOT NULL, accepted_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, state TEXT NOT NULL,
    lane TEXT NOT NULL, tenant TEXT NOT NULL, upstream TEXT NOT NULL, ticket TEXT NOT NULL, records TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX message_by_state ON message (state, accepted_at, id, lane, tenant, upstream);
  CREATE TABLE fresh (number INTEGER PRIMARY KEY, accepted_at INTEGER NOT NULL, message TEXT NOT NULL, words TEXT NOT NULL) STRICT;
  CREATE TABLE word (
    run INTEGER NOT NULL, word INTEGER NOT NULL, accepted_at INTEGER NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (run, word, accepted_at, message)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE run (number INTEGER PRIMARY KEY, newest INTEGER NOT NULL) STRICT;
  CREATE INDEX run_by_newest ON run (newest);
  CREATE TABLE position (
    partition INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, sequence INTEGER NOT NULL, skip INTEGER NOT NULL
  ) STRICT;
`;

/**
 * Synchronous NORMAL with WAL: no fsync at a commit. kill -9 loses nothing, and a power cut the last transactions, whole and together with
 * the position in the journal that stands in each of them, so that they are read again.
 * Rows of some 750 bytes are appended: pages of 16 KiB are divided less often than those of 4, at a sixth less work a mail. A file that has smaller ones
 * keeps them. A checkpoint every 8 MiB (2 MiB in files of the old page size) holds up nobody longer than the usual one.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec('PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 500');
  if (database.prepare('PRAGMA user_version').get()?.['user_version'] !== version) create(database);
  return database;
}

function create(database: DatabaseSync): void {
  const old = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of old) database.exec(`DROP TABLE "${String(name)}"`);
  database.exec(`${tables} PRAGMA user_version = ${version}`);
}
