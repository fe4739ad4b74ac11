import {
  create,
  type DescMessage,
  type DescMethodClientStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type CallOptions, type ClientWritableStream } from '@grpc/grpc-js';
import { grpcMethod } from '@posthaste/protocol';

/** For tests: the client that most who call the native port have. */
export class GrpcClient {
  readonly #client: Client;

  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure());
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
    return new Promise((resolve, reject) => {
      const done = (error: unknown, response?: MessageShape<O>) => (response ? resolve(response) : reject(error));
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, create(method.input, request), new Metadata(), options, done);
    });
  }

  /** The stream to write to, and the answer. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    options: CallOptions = {},
  ): { readonly stream: ClientWritableStream<MessageShape<I>>; readonly answer: Promise<MessageShape<O>> } {
    const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
    const { promise: answer, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
    const done = (error: unknown, response?: MessageShape<O>) => (response ? resolve(response) : reject(error));
    const stream = this.#client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), options, done);
    return { stream, answer };
  }

  close(): void {
    this.#client.close();
  }
}
