import { create } from '@bufbuild/protobuf';
import { openLink } from '#default-link';
import type { Transport } from '@connectrpc/connect';
import { MessageSchema } from '@posthaste/protocol';
import { realClock, type ClientClock } from './clock.ts';
import { createConnection, type CallOptions } from './connection.ts';
import { listPage, listPages, type MessageFilter, type MessagePage, type PageFilter } from './list.ts';
import type { Link } from './link.ts';
import type { Mail } from './mail.ts';
import { messageStatus, type MessageStatus } from './message-status.ts';
import { messageExplanation, type MessageExplanation } from './message-explanation.ts';
import { createOperator, type Operator } from './operator/calls.ts';
import { queueStats, type QueueStats } from './queue-stats.ts';
import { keysFor } from './request-key.ts';
import { receipt, type Receipt, type SubmitResult } from './receipt.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { sendAndWait, type SendAndWaitOptions, type SendAndWaitResult } from './send-and-wait.ts';
import { submitBatch } from './submit-batch.ts';
import { bytesOf, submitRequest } from './submit-request.ts';
import { submitStream } from './submit-stream.ts';
import { storedAttachment, type StoredAttachment } from './stored-attachment.ts';
import { watch, type WatchedMessage, type WatchOptions } from './watch.ts';

export interface PosthasteClientOptions {
  /** Where Posthaste is served: its port for all protocols, or the one for gRPC alone. Default: http://127.0.0.1:8080. */
  readonly baseUrl?: string;
  /**
   * How calls travel, instead of gRPC over HTTP/2 to `baseUrl`: any transport of Connect, such as createConnectTransport of @connectrpc/connect-web in
   * browsers and at the edge (where `submitStream` is not possible).
   */
  readonly transport?: Transport;
  /** For one call with all its attempts and the waits between them, milliseconds. Default: 30,000. */
  readonly timeoutMs?: number;
  /** How what failed for a passing reason is repeated; what is not said stays as in `defaultRetryPolicy`. */
  readonly retry?: Partial<RetryPolicy>;
  /** Sent with every call, for a proxy in front. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For tests. Default: the machine's. */
  readonly clock?: ClientClock;
  /** For tests: from 0 to 1, for the waits. Default: Math.random. */
  readonly random?: () => number;
}

export interface SubmitOptions extends CallOptions {
  /** Wins over the mail's own. */
  readonly idempotencyKey?: string;
}

/** Every method throws a PosthasteError and nothing else; what failed for a passing reason has been repeated before. */
export interface PosthasteClient {
  /** Hands a mail over. It resolves when the mail is stored; no upstream is waited for. */
  submit(mail: Mail, options?: SubmitOptions): Promise<Receipt>;
  /**
   * Hands many mails over, in as few calls as they fit, a thousand in each at most. It never rejects: each mail was accepted or refused by itself, and the
   * results stand in the order of the mails.
   */
  submitBatch(mails: readonly Mail[], options?: CallOptions): Promise<SubmitResult[]>;
  /**
   * Hands mails over as they come, and reads no further while the server has no room. Results follow within a second or 500 mails; nothing is sent
   * while nobody iterates. `timeoutMs` bounds each of the calls that this takes. A failing producer's error is thrown as it is.
   */
  submitStream(mails: Iterable<Mail> | AsyncIterable<Mail>, options?: CallOptions): AsyncGenerator<SubmitResult, void, undefined>;
  /** Hands a mail over, and waits until an upstream has taken it, it has failed, or the time is over: for the few mails that a person waits for. */
  sendAndWait(mail: Mail, options?: SendAndWaitOptions & { readonly idempotencyKey?: string }): Promise<SendAndWaitResult>;
  /** Stores a file for 30 minutes, so that many mails can name it by `attachments[].reference`. A string is stored as UTF-8. */
  uploadAttachment(content: Uint8Array | string, options?: CallOptions): Promise<StoredAttachment>;
  /** Where a message is. Throws MESSAGE_NOT_FOUND. */
  status(id: string, options?: CallOptions): Promise<MessageStatus>;
  /** Why a message is not there yet: what each recipient has yet to pass, and when it is thought to go. Throws MESSAGE_NOT_FOUND. */
  explain(id: string, options?: CallOptions): Promise<MessageExplanation>;
  /** A message now, and after each change until it is final. Goes on by itself after a broken call. */
  watch(id: string, options?: WatchOptions): AsyncGenerator<WatchedMessage, void, undefined>;
  /** Messages that match, newest first, over all pages; each page is asked for when it is needed. */
  list(filter?: MessageFilter, options?: CallOptions): AsyncGenerator<MessageStatus, void, undefined>;
  /** One page of them. */
  listPage(filter?: PageFilter, options?: CallOptions): Promise<MessagePage>;
  /** What waits where, which upstreams work, who sends. */
  stats(options?: CallOptions): Promise<QueueStats>;
  /** Holds, cancels, moves and suspends mail, and looks after dead letters. */
  readonly operator: Operator;
  /** Ends the connection. A client that is not closed does not keep the process alive. A transport that was given stays open. */
  close(): void;
}

const defaultBaseUrl = 'http://127.0.0.1:8080';

/** A client; it connects at its first call. */
export function createPosthasteClient(options: PosthasteClientOptions = {}): PosthasteClient {
  const link = linkOf(options);
  const connection = createConnection({
    link,
    patience: {
      policy: { ...defaultRetryPolicy, ...options.retry },
      clock: options.clock ?? realClock,
      random: options.random ?? Math.random,
    },
    timeoutMs: options.timeoutMs ?? 30_000,
    headers: options.headers ?? {},
  });
  const keysWithin = (limits: CallOptions) => keysFor(limits.timeoutMs ?? connection.timeoutMs);
  const keyOf = (mail: Mail, limits: SubmitOptions) => keysWithin(limits)(limits.idempotencyKey ?? mail.idempotencyKey);
  return {
    async submit(mail, limits = {}) {
      const request = submitRequest(mail, keyOf(mail, limits));
      const response = await connection.call(limits, (attempt) => connection.submission.submit(request, attempt));
      return receipt(response, request.idempotencyKey);
    },
    submitBatch: (mails, limits = {}) => submitBatch(connection, mails, keysWithin(limits), limits),
    submitStream: (mails, limits = {}) => submitStream(connection, mails, keysWithin(limits), limits),
    sendAndWait: async (mail, limits = {}) => sendAndWait(connection, submitRequest(mail, keyOf(mail, limits)), limits),
    async uploadAttachment(content, limits = {}) {
      const request = { content: bytesOf(content) };
      return storedAttachment(await connection.call(limits, (attempt) => connection.submission.uploadAttachment(request, attempt)));
    },
    async status(id, limits = {}) {
      const { message } = await connection.call(limits, (attempt) => connection.status.getMessage({ id }, attempt));
      return messageStatus(message ?? create(MessageSchema, { id }));
    },
    explain: async (id, limits = {}) =>
      messageExplanation(await connection.call(limits, (attempt) => connection.status.explainMessage({ id }, attempt))),
    watch: (id, limits = {}) => watch(connection, id, limits),
    async *list(filter = {}, limits = {}) {
      for await (const page of listPages(connection, filter, limits)) yield* page.messages;
    },
    listPage: (filter = {}, limits = {}) => listPage(connection, filter, limits),
    stats: async (limits = {}) => queueStats(await connection.call(limits, (attempt) => connection.status.queueStats({}, attempt))),
    operator: createOperator(connection),
    close: () => link.close(),
  };
}

function linkOf({ transport, baseUrl = defaultBaseUrl }: PosthasteClientOptions): Link {
  return transport ? { transport, close: () => {} } : openLink(baseUrl);
}
