import { readAnswer } from './api.ts';
import type { StreamConnection } from './connection.ts';
import type { Publication, Stored } from './publisher.ts';

interface Acknowledgement {
  readonly stream: string;
  readonly seq: number;
  readonly duplicate?: boolean;
  /** How many entries a batch stored; the last one has the sequence `seq`. */
  readonly count?: number;
}

export async function publishOne(connection: StreamConnection, { stream, subject, messageId, headers, body }: Publication): Promise<Stored> {
  const answer = await connection.ask(subject, body, { headers: { ...headers, ...idHeader(messageId) } });
  const acknowledgement = readAnswer(answer, `publishing to ${stream}`) as Acknowledgement;
  return { stream: acknowledgement.stream, sequence: acknowledgement.seq, duplicate: acknowledgement.duplicate ?? false };
}

let batches = 0;
const batchPrefix = crypto.randomUUID();

/**
 * All of them or none, in one atomic batch (server 2.12): only the last one is answered, with the last sequence, and the
 * sequences of a batch follow each other. Rejects as a whole, for whatever reason; the reason may concern one of them only.
 */
export async function publishBatch(connection: StreamConnection, publications: readonly Publication[]): Promise<readonly Stored[]> {
  const id = `${batchPrefix}.${++batches}`;
  const last = publications.length - 1;
  publications.forEach((publication, index) => {
    if (index < last) connection.tell(publication.subject, publication.body, { headers: batchHeaders(publication, id, index) });
  });
  const { stream, subject, body } = publications[last]!;
  const headers = { ...batchHeaders(publications[last]!, id, last), 'Nats-Batch-Commit': '1' };
  const answer = await connection.ask(subject, body, { headers });
  const { seq, stream: storedIn } = readAnswer(answer, `publishing a batch to ${stream}`) as Acknowledgement;
  return publications.map((_, index) => ({ stream: storedIn, sequence: seq - last + index, duplicate: false }));
}

const batchHeaders = ({ headers, messageId }: Publication, id: string, index: number) => ({
  ...headers,
  ...idHeader(messageId),
  'Nats-Batch-Id': id,
  'Nats-Batch-Sequence': String(index + 1),
});

const idHeader = (messageId: string | undefined) => (messageId === undefined ? undefined : { 'Nats-Msg-Id': messageId });
