import type { Msg } from '@nats-io/transport-node';
import type { StreamConnection } from './connection.ts';
import { refusal, StreamError, type ServerFault } from './errors.ts';

const ascii = new TextEncoder();

/** One call of JetStream's API; `call` is the subject after `$JS.API.`. Rejects with StreamError. */
export async function callServer<T>(connection: StreamConnection, call: string, request?: object): Promise<T> {
  const body = request === undefined ? new Uint8Array(0) : ascii.encode(JSON.stringify(request));
  const answer = await connection.ask(`$JS.API.${call}`, body);
  return readAnswer(answer, call) as T;
}

/** The JSON of an answer, or the refusal that it holds. */
export function readAnswer(answer: Msg, deed: string): unknown {
  const result = parse(answer, deed) as { error?: ServerFault };
  if (result.error) throw refusal(deed, result.error);
  return result;
}

function parse(answer: Msg, deed: string): unknown {
  try {
    return JSON.parse(answer.string());
  } catch (cause) {
    throw new StreamError('BROKEN', `${deed} was answered by something other than JSON`, { cause });
  }
}
