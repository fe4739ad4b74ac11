import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import {
  createAsyncIterable,
  encodeEnvelope,
  readAllBytes,
  transformSplitEnvelope,
  type UniversalHandlerFn,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import { endStreamFlag, endStreamFromJson, errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import { overRest } from '../call-context.ts';
import { errorJson, statusResponse } from './error.ts';

/** How long a call may be silent before a comment shows that it lives: proxies cut what is silent for a minute. */
const heartbeatMs = 15_000;
/** How long the answer waits for its first event: what fails before that is an error like any other. */
const firstEventWithinMs = 1_000;

/**
 * A call that streams its answers, as server-sent events (HTML, 9.2): each answer an event `message` whose id is its resume token; the header
 * Last-Event-ID, which browsers send when they come back, says where to go on. A call that has nothing to tell any more is 204, which tells browsers
 * not to come back; one that breaks says why in an event `error`.
 */
export async function callAsEvents(call: UniversalHandlerFn, request: UniversalServerRequest, fields: JsonObject): Promise<UniversalServerResponse> {
  const lastEventId = request.header.get('last-event-id');
  const message = lastEventId === null ? fields : { resumeToken: lastEventId, ...fields };
  request.contextValues?.set(overRest, true);
  const header = new Headers({ 'content-type': 'application/connect+json', 'connect-protocol-version': '1' });
  const body = createAsyncIterable([encodeEnvelope(0, Buffer.from(JSON.stringify(message)))]);
  const response = await call({ ...request, method: 'POST', header, body });
  if (response.status !== 200) return refuse(response);
  return answer(readAnswers(response.body ?? createAsyncIterable([])));
}

async function refuse({ body, header }: UniversalServerResponse): Promise<UniversalServerResponse> {
  const bytes = await readAllBytes(body ?? createAsyncIterable([]), Number.MAX_SAFE_INTEGER);
  return statusResponse(errorFromJsonBytes(bytes, header, new ConnectError('the error cannot be read')));
}

type Answers = AsyncGenerator<JsonObject, void>;

/** What the call answers; throws the error that it ends with. */
async function* readAnswers(body: AsyncIterable<Uint8Array>): Answers {
  for await (const { flags, data } of transformSplitEnvelope(Number.MAX_SAFE_INTEGER)(body)) {
    if ((flags & endStreamFlag) === 0) yield JSON.parse(Buffer.from(data).toString()) as JsonObject;
    else {
      const { error } = endStreamFromJson(data);
      if (error) throw error;
    }
  }
}

async function answer(answers: Answers): Promise<UniversalServerResponse> {
  const first = answers.next();
  // Whoever waits for it hears of a failure; the client may be gone before.
  first.catch(() => {});
  try {
    const early = await within(firstEventWithinMs, first);
    if (early?.done) return { status: 204 };
  } catch (error) {
    return statusResponse(ConnectError.from(error));
  }
  const header = new Headers({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  return { status: 200, header, body: events(answers, first) };
}

async function* events(answers: Answers, first: Promise<IteratorResult<JsonObject, void>>): AsyncGenerator<Uint8Array> {
  try {
    // A browser that lost the call comes back after a second.
    yield bytesOf('retry: 1000\n\n');
    let next = first;
    for (;;) {
      const result = await within(heartbeatMs, next);
      if (result?.done) return;
      yield result ? event('message', result.value) : bytesOf(':\n\n');
      if (result) next = answers.next();
    }
  } catch (error) {
    yield event('error', errorJson(ConnectError.from(error)));
  } finally {
    await answers.return();
  }
}

/** What comes in time; undefined otherwise. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, delay(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

function event(name: string, value: JsonObject): Uint8Array {
  const id = idOf(value['resumeToken']);
  return bytesOf(`event: ${name}\n${id}data: ${JSON.stringify(value)}\n\n`);
}

function idOf(token: JsonValue | undefined): string {
  return typeof token === 'string' ? `id: ${token}\n` : '';
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}
