import { connectStream, readUntil, streamState, type StreamConnection, type StreamEntry, type StreamState } from '@posthaste/stream';
import { silentLog, systemClock } from '@posthaste/telemetry';

/** How a stream stands now. */
export function measure(natsUrl: string, stream: string): Promise<StreamState> {
  return withStreams(natsUrl, (connection) => streamState(connection, stream));
}

/** All that is in a stream now. */
export function readAll(natsUrl: string, stream: string, filter?: string): Promise<StreamEntry[]> {
  return withStreams(natsUrl, async (connection) => {
    const { first, last } = await streamState(connection, stream);
    const read = { stream, from: first, to: last, dense: false, signal: AbortSignal.timeout(30_000), ...(filter !== undefined && { filter }) };
    const all: StreamEntry[] = [];
    if (last >= first) for await (const entries of readUntil(connection, read)) all.push(...entries);
    return all;
  });
}

async function withStreams<T>(natsUrl: string, look: (connection: StreamConnection) => Promise<T>): Promise<T> {
  const connection = await connectStream({ url: natsUrl, name: 'story', log: silentLog, clock: systemClock });
  try {
    return await look(connection);
  } finally {
    await connection.close();
  }
}
