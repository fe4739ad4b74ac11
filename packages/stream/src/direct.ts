import { MsgHdrsImpl } from '@nats-io/transport-node';
import { callServer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import { directEntry, headerOf, type StreamEntry } from './entry.ts';
import { isStreamError, StreamError } from './errors.ts';

export interface StreamState {
  /** The first sequence that is there; `last + 1` when the stream is empty. */
  readonly first: number;
  readonly last: number;
  readonly messages: number;
  readonly bytes: number;
  /** When the stream was created, milliseconds since the epoch: another stream of the same name has another one. */
  readonly createdAt: number;
  readonly limits: { readonly bytes: number; readonly messages: number };
}

/** Which entry: by its sequence, the first one from a sequence on, the last one on a subject, or the first one there since a time. */
export type EntryKey =
  | { readonly sequence: number }
  | { readonly from: number }
  | { readonly subject: string }
  | { readonly since: number; readonly subject: string };

export interface ReadEntryOptions {
  /** Ask the stream's leader: a replica may not have the newest entries yet. Slower: the answer is JSON. */
  readonly fromLeader?: boolean;
}

/** Rejects with NOT_FOUND or AWAY. */
export function readEntry(connection: StreamConnection, stream: string, sequence: number, options: ReadEntryOptions = {}): Promise<StreamEntry> {
  const key = { sequence };
  return options.fromLeader ? readFromLeader(connection, stream, key) : readDirect(connection, stream, key);
}

/** The last entry on a subject, asked for at the leader when a replica does not have it. Rejects with NOT_FOUND or AWAY. */
export async function readLast(
  connection: StreamConnection,
  stream: string,
  subject: string,
  { fromLeader = false }: ReadEntryOptions = {},
): Promise<StreamEntry> {
  if (fromLeader) return readFromLeader(connection, stream, { subject });
  try {
    return await readDirect(connection, stream, { subject });
  } catch (error) {
    if (!isStreamError(error, 'NOT_FOUND')) throw error;
    return readFromLeader(connection, stream, { subject });
  }
}

/** The first entry from a sequence on, as its leader has it: NOT_FOUND is the truth. Rejects with NOT_FOUND or AWAY. */
export function readNext(connection: StreamConnection, stream: string, from: number): Promise<StreamEntry> {
  return readFromLeader(connection, stream, { from });
}

/** The first entry on a subject that was stored at this time (milliseconds since the epoch) or later. Rejects with NOT_FOUND or AWAY. */
export function readSince(connection: StreamConnection, stream: string, subject: string, since: number): Promise<StreamEntry> {
  return readFromLeader(connection, stream, { since, subject });
}

function request(key: EntryKey) {
  if ('sequence' in key) return { seq: key.sequence };
  if ('since' in key) return { start_time: new Date(key.since).toISOString(), next_by_subj: key.subject };
  return 'from' in key ? { seq: key.from, next_by_subj: '>' } : { last_by_subj: key.subject };
}

function nameOf(key: EntryKey): string {
  if ('sequence' in key) return `entry ${key.sequence}`;
  if ('since' in key) return `the first entry on ${key.subject} since ${new Date(key.since).toISOString()}`;
  return 'from' in key ? `the first entry from ${key.from} on` : `the last entry on ${key.subject}`;
}

const ascii = new TextEncoder();

async function readDirect(connection: StreamConnection, stream: string, key: EntryKey): Promise<StreamEntry> {
  const answer = await connection.ask(`$JS.API.DIRECT.GET.${stream}`, ascii.encode(JSON.stringify(request(key))));
  const status = answer.headers?.code ?? 0;
  if (status === 0) return directEntry(answer);
  const code = status === 404 ? 'NOT_FOUND' : 'BROKEN';
  throw new StreamError(code, `${nameOf(key)} of ${stream} was not given: ${answer.headers?.status}`);
}

interface LeaderAnswer {
  readonly message: { readonly subject: string; readonly seq: number; readonly hdrs?: string; readonly data?: string; readonly time: string };
}

async function readFromLeader(connection: StreamConnection, stream: string, key: EntryKey): Promise<StreamEntry> {
  const { message } = await callServer<LeaderAnswer>(connection, `STREAM.MSG.GET.${stream}`, request(key));
  const headers = message.hdrs === undefined ? undefined : MsgHdrsImpl.decode(Buffer.from(message.hdrs, 'base64'));
  return {
    sequence: message.seq,
    subject: message.subject,
    time: Date.parse(message.time),
    header: (name) => headerOf(headers, name),
    body: Buffer.from(message.data ?? '', 'base64'),
  };
}

interface StreamInfo {
  readonly created: string;
  readonly config: { readonly max_bytes: number; readonly max_msgs: number };
  readonly state: { readonly messages: number; readonly bytes: number; readonly first_seq: number; readonly last_seq: number };
}

/** Rejects with NOT_FOUND or AWAY. */
export async function streamState(connection: StreamConnection, stream: string): Promise<StreamState> {
  const { created, config, state } = await callServer<StreamInfo>(connection, `STREAM.INFO.${stream}`);
  return {
    first: state.messages === 0 ? state.last_seq + 1 : state.first_seq,
    last: state.last_seq,
    messages: state.messages,
    bytes: state.bytes,
    createdAt: Date.parse(created),
    limits: { bytes: config.max_bytes, messages: config.max_msgs },
  };
}
