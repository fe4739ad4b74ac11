import type { StreamConnection } from './connection.ts';
import { readLast, streamState } from './direct.ts';
import { isStreamError } from './errors.ts';
import { settingFilter, settingsStream, settingSubject, type SettingKind } from './layout.ts';
import type { Publisher } from './publisher.ts';
import { readUntil } from './reader.ts';
import { removeEntry } from './removal.ts';

/** True when it was written; false when there is one by this name already, be it by an earlier try of this very call. Rejects with FULL or AWAY. */
export async function createSetting(publisher: Publisher, kind: SettingKind, name: string, content: unknown): Promise<boolean> {
  try {
    await publisher.publish({
      stream: settingsStream,
      subject: settingSubject(kind, name),
      headers: { 'Nats-Expected-Last-Subject-Sequence': '0' },
      body: Buffer.from(JSON.stringify(content)),
    });
    return true;
  } catch (error) {
    if (isStreamError(error, 'FENCED')) return false;
    throw error;
  }
}

/** True when it was there. Rejects with AWAY. */
export async function removeSetting(connection: StreamConnection, kind: SettingKind, name: string): Promise<boolean> {
  try {
    const { sequence } = await readLast(connection, settingsStream, settingSubject(kind, name));
    await removeEntry(connection, settingsStream, sequence);
    return true;
  } catch (error) {
    if (isStreamError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}

/** All of a kind, oldest first. Rejects with AWAY. */
export async function readSettings(connection: StreamConnection, kind: SettingKind, signal: AbortSignal): Promise<unknown[]> {
  const { first, last } = await streamState(connection, settingsStream);
  const found: unknown[] = [];
  if (last < first) return found;
  const read = { stream: settingsStream, from: first, to: last, filter: settingFilter(kind), dense: false, signal };
  for await (const entries of readUntil(connection, read)) {
    for (const { body } of entries) found.push(JSON.parse(Buffer.from(body).toString()));
  }
  return found;
}
