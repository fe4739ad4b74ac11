import type { DatabaseSync } from 'node:sqlite';
import type { RecipientState } from '@posthaste/core';

const finalKinds: readonly RecipientState['kind'][] = ['delivered', 'failed', 'expired'];
const finalStates = finalKinds.map((kind) => `'${kind}'`).join(', ');

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: DatabaseSync) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    position: database.prepare('SELECT created_at, sequence, skip FROM position WHERE partition = ?'),
    putPosition: database.prepare('INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?)'),
    message: database.prepare('SELECT ticket FROM message WHERE id = ?'),
    putMessage: database.prepare('INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?)'),
    recipient: database.prepare('SELECT address, record FROM recipient WHERE message = ? AND number = ?'),
    recipients: database.prepare('SELECT address, record FROM recipient WHERE message = ? ORDER BY number'),
    putRecipient: database.prepare('INSERT OR REPLACE INTO recipient VALUES (?, ?, ?, ?, ?)'),
    updateRecipient: database.prepare('UPDATE recipient SET state = ?, record = ? WHERE message = ? AND number = ?'),
    forgetUnfinished: database.prepare(
      `DELETE FROM message WHERE partition = ? AND EXISTS (SELECT 1 FROM recipient WHERE message = id AND state NOT IN (${finalStates}))`,
    ),
    forgetOrphans: database.prepare('DELETE FROM recipient WHERE message NOT IN (SELECT id FROM message)'),
  };
}
