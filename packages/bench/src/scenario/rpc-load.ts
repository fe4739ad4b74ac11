import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  create,
  toBinary,
  type DescField,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Client, credentials } from '@grpc/grpc-js';
import {
  grpcMethod,
  SubmissionService,
  SubmitBatchRequestSchema,
  SubmitRequestSchema,
  SubmitStreamRequestSchema,
  type SubmitResult,
  type SubmitStreamResponse,
} from '@posthaste/protocol';
import { createTemplate, headOf, recipientOf, senderOf } from '../load/message.ts';
import { sharedNow } from '../shared-time.ts';

export type Way = 'unary' | 'batch' | 'stream';

/** Ends when `mails` were sent or `forMs` is over, whichever is first. */
export interface RpcOrder {
  readonly port: number;
  readonly way: Way;
  /** A whole message, or text and html of which the api builds one. */
  readonly content: 'raw' | 'structured';
  /** Calls at once. */
  readonly calls: number;
  /** Messages of one batch. */
  readonly batch: number;
  readonly sizeBytes: number;
  readonly mails: number;
  readonly forMs: number;
}

/** By the number of the mail. Times are of `sharedNow`. */
export interface RpcResult {
  readonly startedAt: number;
  readonly begun: number;
  /** NaN: refused. */
  readonly acceptedAt: Float64Array;
  /** From each call to its answer. */
  readonly replyMs: Float64Array;
  readonly refusals: Readonly<Record<string, number>>;
}

/** What takes CPU from what is measured: what is refused is to show, and nobody asks how the channel is. */
const channelOptions = { 'grpc.enable_retries': 0, 'grpc.enable_channelz': 0 };
const refusedPauseMs = 100;
let orders = 0;

export async function generateRpc(order: RpcOrder): Promise<RpcResult> {
  orders += 1;
  const client = new Client(`127.0.0.1:${order.port}`, credentials.createInsecure(), channelOptions);
  const run = new Run(order, client, orders);
  try {
    await Promise.all(Array.from({ length: order.calls }, () => run.drive()));
  } finally {
    client.close();
  }
  return run.result();
}

const { submit, submitBatch, submitStream } = SubmissionService.method;

class Run {
  readonly #order: RpcOrder;
  readonly #client: Client;
  readonly #encode: Encode;
  readonly #startedAt = sharedNow();
  readonly #acceptedAt: Float64Array;
  readonly #replyMs: number[] = [];
  readonly #refusals: Record<string, number> = {};
  #begun = 0;

  constructor(order: RpcOrder, client: Client, number: number) {
    this.#order = order;
    this.#client = client;
    this.#encode = order.content === 'raw' ? rawEncoder(order.sizeBytes, number) : structuredEncoder(order.sizeBytes);
    this.#acceptedAt = new Float64Array(order.mails).fill(Number.NaN);
  }

  async drive(): Promise<void> {
    if (this.#order.way === 'stream') return this.#stream();
    for (let numbers = this.#take(); numbers.length > 0; numbers = this.#take()) {
      const began = sharedNow();
      const refused = await (this.#order.way === 'unary' ? this.#one(numbers[0]!) : this.#many(numbers)).catch((error: unknown) => [said(error)]);
      this.#replyMs.push(sharedNow() - began);
      for (const reason of refused) this.#refusals[reason] = (this.#refusals[reason] ?? 0) + 1;
      if (refused.length > 0) await sleep(refusedPauseMs);
    }
  }

  result(): RpcResult {
    return {
      startedAt: this.#startedAt,
      begun: this.#begun,
      acceptedAt: this.#acceptedAt.slice(0, this.#begun),
      replyMs: Float64Array.from(this.#replyMs),
      refusals: this.#refusals,
    };
  }

  async #one(number: number): Promise<string[]> {
    await this.#call(submit, Buffer.concat(this.#encode(number)));
    this.#acceptedAt[number] = sharedNow();
    return [];
  }

  async #many(numbers: readonly number[]): Promise<string[]> {
    const messages = numbers.flatMap((number) => within(SubmitBatchRequestSchema.field.messages, this.#encode(number)));
    const { results } = await this.#call(submitBatch, Buffer.concat(messages));
    return this.#record(numbers, results);
  }

  /** As fast as the api reads. */
  async #stream(): Promise<void> {
    const began = sharedNow();
    const { path, responseDeserialize } = grpcMethod(submitStream);
    const { promise: answer, resolve, reject } = Promise.withResolvers<SubmitStreamResponse>();
    const done = (error: Error | null, response?: SubmitStreamResponse) => (response ? resolve(response) : reject(error));
    const stream = this.#client.makeClientStreamRequest(path, asItIs, responseDeserialize, done);
    const sent: number[] = [];
    for (let [number] = this.#take(); number !== undefined; [number] = this.#take()) {
      sent.push(number);
      const request = Buffer.concat(within(SubmitStreamRequestSchema.field.message, this.#encode(number)));
      if (!stream.write(request)) await once(stream, 'drain');
    }
    stream.end();
    for (const reason of this.#record(sent, (await answer).results)) this.#refusals[reason] = (this.#refusals[reason] ?? 0) + 1;
    this.#replyMs.push(sharedNow() - began);
  }

  #record(numbers: readonly number[], results: readonly SubmitResult[]): string[] {
    const now = sharedNow();
    return numbers.flatMap((number, index) => {
      const outcome = results[index]?.outcome;
      if (outcome?.case === 'accepted') this.#acceptedAt[number] = now;
      return outcome?.case === 'refused' ? [outcome.value.message] : [];
    });
  }

  #call<I extends DescMessage, O extends DescMessage>(method: DescMethodUnary<I, O>, request: Buffer): Promise<MessageShape<O>> {
    const { path, responseDeserialize } = grpcMethod(method);
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, response?: MessageShape<O>) => (response ? resolve(response) : reject(error));
      this.#client.makeUnaryRequest(path, asItIs, responseDeserialize, request, done);
    });
  }

  /** The numbers of the next call; none when it is over. */
  #take(): number[] {
    const { way, batch, mails, forMs } = this.#order;
    if (sharedNow() - this.#startedAt >= forMs) return [];
    const count = Math.min(way === 'batch' ? batch : 1, mails - this.#begun);
    const first = this.#begun;
    this.#begun += count;
    return Array.from({ length: count }, (_, index) => first + index);
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A SubmitRequest on the wire, in pieces to be joined: so its body, the same for all, is copied once. A message that is encoded as a whole is copied
 * three times, for its length stands before it.
 */
type Encode = (number: number) => readonly Uint8Array[];

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}

/** As the value of a field of bytes, or of a message. */
function within({ number }: DescField, pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return [new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(bytes).finish(), ...pieces];
}

function encodeFields(fields: MessageInitShape<typeof SubmitRequestSchema>): Uint8Array {
  return toBinary(SubmitRequestSchema, create(SubmitRequestSchema, fields));
}

function rawEncoder(sizeBytes: number, order: number): Encode {
  const template = createTemplate({ sizeBytes });
  // Without SMTP's final dot.
  const rest = template.rest.subarray(0, -3);
  const date = new Date().toUTCString();
  return (number) => [
    encodeFields({ from: senderOf(), to: [recipientOf(number)] }),
    ...within(SubmitRequestSchema.field.raw, [Buffer.from(headOf(number, order, date)), rest]),
  ];
}

function structuredEncoder(sizeBytes: number): Encode {
  const words = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod\n';
  const text = words.repeat(Math.ceil(sizeBytes / 2 / words.length));
  const html = `<!doctype html>\n${`<p>${words.trim()}</p>\n`.repeat(Math.ceil(sizeBytes / 2 / (words.length + 7)))}`;
  const contents = encodeFields({ text, html });
  return (number) => [
    encodeFields({ from: `Load <${senderOf()}>`, to: [recipientOf(number)], subject: `Mail ${number} of the benchmark` }),
    contents,
  ];
}
