import type { DatabaseSync } from 'node:sqlite';
import { liveMessageStates } from '@posthaste/core';

const liveStates = liveMessageStates.map((state) => `'${state}'`).join(', ');

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: DatabaseSync) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    position: database.prepare('SELECT created_at, sequence, skip FROM position WHERE partition = ?'),
    putPosition: database.prepare('INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?)'),
    message: database.prepare('SELECT ticket, records FROM message WHERE id = ?'),
    records: database.prepare('SELECT accepted_at, records FROM message WHERE id = ?'),
    count: database.prepare('SELECT count(*) AS count FROM message'),
    putMessage: database.prepare('INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    updateMessage: database.prepare('UPDATE message SET changed_at = ?, state = ?, upstream = ?, records = ? WHERE id = ?'),
    /** The ticket in a row says the lane that counts. */
    updateLane: database.prepare('UPDATE message SET lane = ?, ticket = json_patch(ticket, ?) WHERE id = ?'),
    forgetUnfinished: database.prepare(`DELETE FROM message WHERE state IN (${liveStates}) AND partition = ?`),
  };
}
