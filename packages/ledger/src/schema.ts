import { DatabaseSync } from 'node:sqlite';

/** To be raised with every change below: a ledger of another version is dropped, and rebuilt from the journal. */
const version = 1;

/**
 * What is asked for by itself is a column; what is only shown is JSON in one. The keys are UUIDv7, so new rows go to the end of their tree. `open`
 * counts the recipients that are not final.
 */
const tables = `
  CREATE TABLE message (
    id TEXT PRIMARY KEY, partition INTEGER NOT NULL, accepted_at INTEGER NOT NULL, ticket TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE recipient (
    message TEXT NOT NULL, number INTEGER NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (message, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE position (
    partition INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, sequence INTEGER NOT NULL, skip INTEGER NOT NULL
  ) STRICT;
`;

/**
 * Synchronous NORMAL with WAL: no fsync at a commit. kill -9 loses nothing, and a power cut the last transactions, whole and together with
 * the position in the journal that stands in each of them, so that they are read again.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384');
  if (database.prepare('PRAGMA user_version').get()?.['user_version'] !== version) create(database);
  return database;
}

function create(database: DatabaseSync): void {
  const old = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of old) database.exec(`DROP TABLE "${String(name)}"`);
  database.exec(`${tables} PRAGMA user_version = ${version}`);
}
