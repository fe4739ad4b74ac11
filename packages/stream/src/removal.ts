import { callServer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { readEntry } from './direct.ts';
import { isStreamError } from './errors.ts';

/** Removes every entry up to and including `upTo`; what lies above stays as it is. */
export async function trimLog(connection: StreamConnection, stream: string, upTo: number): Promise<void> {
  if (upTo < 1) return;
  await callServer(connection, `STREAM.PURGE.${stream}`, { seq: upTo + 1 });
}

/** Removes one entry; that it is gone already is well. */
export async function removeEntry(connection: StreamConnection, stream: string, sequence: number): Promise<void> {
  try {
    // Without erasing: overwriting the bytes with noise costs a disk write each.
    await callServer(connection, `STREAM.MSG.DELETE.${stream}`, { seq: sequence, no_erase: true });
  } catch (error) {
    // Why a removal failed stands only in the server's text, and there in several wordings.
    if (!isStreamError(error) || error.code === 'AWAY' || !(await isGone(connection, stream, sequence))) throw error;
  }
}

async function isGone(connection: StreamConnection, stream: string, sequence: number): Promise<boolean> {
  try {
    await readEntry(connection, stream, sequence, { fromLeader: true });
    return false;
  } catch (error) {
    return isStreamError(error, 'NOT_FOUND') && error.serverCode !== streamNotFound;
  }
}

const streamNotFound = 10059;

/** Removes every entry on the subjects that `filter` matches, up to and including `upTo` where that is given. */
export async function purgeSubject(connection: StreamConnection, stream: string, filter: string, upTo?: number): Promise<void> {
  await callServer(connection, `STREAM.PURGE.${stream}`, { filter, ...(upTo !== undefined && { seq: upTo + 1 }) });
}
