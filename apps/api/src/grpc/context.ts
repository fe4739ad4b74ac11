import type { EventEmitter } from 'node:events';
import type { DescMethod } from '@bufbuild/protobuf';
import { createContextValues, type ContextValues, type HandlerContext } from '@connectrpc/connect';
import { systemClock } from '@posthaste/telemetry';
import { Metadata, type ServerReadableStream, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { clientAddress, type HeaderReader } from '../call-context.ts';

export type GrpcCall = ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown> | ServerWritableStream<unknown, unknown>;

/** A call of grpc-js as services see every call. What costs something is made when it is asked for: most calls ask for none of it. */
export class GrpcContext implements HandlerContext, HeaderReader {
  readonly method: DescMethod;
  readonly protocolName = 'grpc';
  readonly requestMethod = 'POST';
  readonly #call: GrpcCall;
  #values: ContextValues | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #controller: AbortController | undefined;

  constructor(method: DescMethod, call: GrpcCall) {
    this.method = method;
    this.#call = call;
  }

  get service() {
    return this.method.parent;
  }

  get url(): string {
    return `http://${this.#call.getHost()}${this.#call.getPath()}`;
  }

  get values(): ContextValues {
    return (this.#values ??= createContextValues().set(clientAddress, addressOf(this.#call.getPeer())));
  }

  /** grpc-js tells of the client's deadline, of its going away, and of the end of each call, by the same event. */
  get signal(): AbortSignal {
    this.#controller ??= abortWith(this.#call);
    return this.#controller.signal;
  }

  get requestHeader(): Headers {
    return (this.#requestHeader ??= headersOf(this.#call.metadata));
  }

  readHeader(name: string): string | null {
    const values = this.#call.metadata.get(name);
    return values.length > 0 ? values.join(', ') : null;
  }

  get responseHeader(): Headers {
    return (this.#responseHeader ??= new Headers());
  }

  get responseTrailer(): Headers {
    return (this.#responseTrailer ??= new Headers());
  }

  timeoutMs = (): number | undefined => {
    const deadline = Number(this.#call.getDeadline());
    return Number.isFinite(deadline) ? deadline - systemClock.now() : undefined;
  };

  sendHeader(): void {
    if (this.#responseHeader) this.#call.sendMetadata(metadataOf(this.#responseHeader));
  }

  trailer(): Metadata | undefined {
    return this.#responseTrailer && metadataOf(this.#responseTrailer);
  }
}

/** `address:port`, or a word for a client that is gone. */
function addressOf(peer: string): string | undefined {
  const port = peer.lastIndexOf(':');
  return port > 0 ? peer.slice(0, port) : undefined;
}

/** One for all calls: an Error of its own for each would cost its stack. */
const over = new Error('the call is over: its client has gone, its deadline has passed, or it was answered');

function abortWith(call: GrpcCall): AbortController {
  const controller = new AbortController();
  if (call.cancelled) controller.abort(over);
  else (call as EventEmitter).once('cancelled', () => controller.abort(over));
  return controller;
}

function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(metadata.toHttp2Headers()))
    for (const value of [values].flat()) if (value !== undefined) headers.append(name, String(value));
  return headers;
}

function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.set(name, value);
  return metadata;
}
