import { once } from 'node:events';
import { create, fromBinary, type DescMessage, type DescMethod, type Message, type MessageInitShape } from '@bufbuild/protobuf';
import type { MethodImplSpec } from '@connectrpc/connect';
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { grpcMethod } from '@posthaste/protocol';
import type { Log } from '@posthaste/telemetry';
import { explainThrown } from '../refusal/explain.ts';
import { refusal } from '../refusal/refusal.ts';
import { startTimeLimit } from '../limits/time-limit.ts';
import type { Validate } from '../refusal/validation.ts';
import type { ArrivedMessage } from './arrival.ts';
import { GrpcContext } from './context.ts';
import { grpcStatusOf } from './status.ts';

export interface GrpcMethodOptions {
  readonly validate: Validate;
  readonly log: Log;
  /** No unary call takes longer, but one that is made to wait. */
  readonly callTimeoutMs: number;
}

/** As grpc-js takes a method, but its requests come as bytes: what is wrong with them is ours to say. */
export function definitionOf(method: DescMethod): MethodDefinition<Buffer, Message> {
  return { ...grpcMethod(method), requestSerialize: (bytes) => bytes, requestDeserialize: (bytes) => bytes };
}

/** The implementation that Connect's router takes too, as grpc-js calls it. */
export function handlerOf(spec: MethodImplSpec, options: GrpcMethodOptions): UntypedHandleCall {
  switch (spec.kind) {
    case 'unary':
      return unary(spec, options);
    case 'client_streaming':
      return clientStreaming(spec, options);
    case 'server_streaming':
      return serverStreaming(spec, options);
    case 'bidi_streaming':
      return bidiStreaming(spec, options);
  }
}

type SpecOf<K extends MethodImplSpec['kind']> = MethodImplSpec & { kind: K };

function unary({ method, impl }: SpecOf<'unary'>, options: GrpcMethodOptions): handleUnaryCall<Buffer, Message> {
  const { validate, callTimeoutMs } = options;
  return (call, callback) => {
    const context = new GrpcContext(method, call);
    void answer(context, callback, options, async () => {
      const request = decode(method.input, call.request);
      validate(method.input, request);
      const limit = startTimeLimit(method, callTimeoutMs);
      return Promise.race([impl(request, context), limit.over]).finally(() => limit.stop());
    });
  };
}

function clientStreaming(
  { method, impl }: SpecOf<'client_streaming'>,
  options: GrpcMethodOptions,
): handleClientStreamingCall<ArrivedMessage, Message> {
  return (call, callback) => {
    const context = new GrpcContext(method, call);
    void answer(context, callback, options, () => impl(requestsOf(method.input, call), context));
  };
}

async function answer(
  context: GrpcContext,
  callback: sendUnaryData<Message>,
  { log }: GrpcMethodOptions,
  run: () => Promise<MessageInitShape<DescMessage>>,
): Promise<void> {
  try {
    const response = create(context.method.output, await run());
    context.sendHeader();
    callback(null, response, context.trailer());
  } catch (thrown) {
    callback(grpcStatusOf(explainThrown(thrown, context.method.name, log)));
  }
}

type ArrivedStream = ServerReadableStream<ArrivedMessage, Message> | ServerDuplexStream<ArrivedMessage, Message>;

/** Who stops reading early still answers, so the call itself goes on. */
async function* requestsOf(input: DescMessage, call: ArrivedStream): AsyncGenerator<Message> {
  for await (const { bytes, release } of call.iterator({ destroyOnReturn: false }) as AsyncIterable<ArrivedMessage>) {
    release();
    yield decode(input, bytes);
  }
}

function serverStreaming({ method, impl }: SpecOf<'server_streaming'>, options: GrpcMethodOptions): handleServerStreamingCall<Buffer, Message> {
  return (call) => {
    const context = new GrpcContext(method, call);
    void answerEach(call, context, options, () => {
      const request = decode(method.input, call.request);
      options.validate(method.input, request);
      return impl(request, context);
    });
  };
}

function bidiStreaming({ method, impl }: SpecOf<'bidi_streaming'>, options: GrpcMethodOptions): handleBidiStreamingCall<ArrivedMessage, Message> {
  return (call) => {
    const context = new GrpcContext(method, call);
    void answerEach(call, context, options, () => impl(requestsOf(method.input, call), context));
  };
}

async function answerEach(
  call: ServerWritableStream<Buffer, Message> | ServerDuplexStream<ArrivedMessage, Message>,
  context: GrpcContext,
  { log }: GrpcMethodOptions,
  run: () => AsyncIterable<MessageInitShape<DescMessage>>,
): Promise<void> {
  const { method } = context;
  try {
    for await (const response of run()) {
      if (!call.write(create(method.output, response))) await once(call, 'drain', { signal: context.signal });
    }
    call.end();
  } catch (thrown) {
    // Otherwise the client has gone: there is nobody left to tell.
    if (!context.signal.aborted) call.emit('error', grpcStatusOf(explainThrown(thrown, method.name, log)));
  }
}

function decode<D extends DescMessage>(desc: D, bytes: Buffer) {
  try {
    return fromBinary(desc, bytes);
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw refusal('MALFORMED_REQUEST', `the request is no ${desc.typeName}: ${fault}`, { cause });
  }
}
