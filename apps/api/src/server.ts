import { createRegistry, type DescMethod } from '@bufbuild/protobuf';
import { createConnectRouter, createServiceImplSpec, type ConnectRouter, type ServiceImplSpec } from '@connectrpc/connect';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import { file_google_rpc_error_details, OperatorService, StatusService, SubmissionService } from '@posthaste/protocol';
import { Health, ServerReflection } from '@posthaste/protocol/grpc';
import type { Door, Idempotency } from '@posthaste/submission';
import type { Log, MailLog } from '@posthaste/telemetry';
import type { Attachments } from './submission/attachments.ts';
import { maxBytesOf, requestBytes } from './limits/call-limits.ts';
import { createFront } from './web/front.ts';
import { createGrpcServer } from './grpc/server.ts';
import { answerHealth } from './health-report.ts';
import { createHealthService } from './health.ts';
import { createInterceptors } from './interceptors.ts';
import { createListener, type Listener } from './web/listener.ts';
import { createOperatorService } from './operation/service.ts';
import type { SchedulerOperator } from './operation/scheduler-operator.ts';
import { createReflectionService } from './reflection.ts';
import type { Space } from './limits/room.ts';
import { RoomBySize } from './limits/room-by-size.ts';
import { createStatusService, type StatusOptions } from './status/service.ts';
import { queueStats } from './status/stats.ts';
import { createMessageWatch, type MessageWatch } from './status/watch.ts';
import { createSubmissionService } from './submission/service.ts';
import { createValidation, type Validate } from './refusal/validation.ts';

export interface ApiOptions extends Omit<StatusOptions, 'watch' | 'lanes'> {
  readonly operator: SchedulerOperator;
  readonly door: Door;
  readonly mailLog: MailLog;
  readonly attachments: Attachments;
  readonly idempotency: Idempotency;
  readonly log: Log;
  readonly reflection: boolean;
  readonly ready: () => boolean;
  readonly callTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  /** The largest request that holds many messages. */
  readonly maxRequestBytes: number;
  /** What all requests together may take in memory. */
  readonly maxInFlightBytes: number;
  /** From where pages may call; `*` is everywhere. */
  readonly corsOrigins: readonly string[];
  /** Names with a dot under which it is asked for; `*` is every name. */
  readonly hosts: readonly string[];
}

export interface ApiServer {
  /** gRPC, Connect, gRPC-Web and REST on one clear-text port. */
  readonly web: Listener;
  /** gRPC alone, on a port of its own, at less work a call. */
  readonly grpc: Listener;
  /** Takes no more connections, lets the calls in hand finish, and after `graceMs` ends what is left. */
  close(graceMs: number): Promise<void>;
}

const ours = [SubmissionService, StatusService, OperatorService];

/** Both servers answer by the same implementations. Builds without listening. */
export function createApiServer(options: ApiOptions): ApiServer {
  const watch = createMessageWatch(options);
  const room = new RoomBySize(options.maxInFlightBytes);
  const validate = createValidation(ours.flatMap(({ methods }) => methods.map(({ input }) => input)));
  const services = servicesOf(options, validate, watch);
  const web = createWeb(options, services, validate, room);
  const grpc = createGrpc(options, services, validate, room);
  return {
    web,
    grpc,
    async close(graceMs) {
      watch.drain();
      await Promise.all([web.close(graceMs), grpc.close(graceMs)]);
    },
  };
}

function servicesOf(options: ApiOptions, validate: Validate, watch: MessageWatch): ServiceImplSpec[] {
  const { lanes } = options.door;
  const follow = (id: string, signal: AbortSignal) => watch.watchMessage(id, { signal });
  const names = ours.map(({ typeName }) => typeName);
  const services: ServiceImplSpec[] = [
    createServiceImplSpec<typeof SubmissionService>(SubmissionService, createSubmissionService({ ...options, validate, follow })),
    createServiceImplSpec<typeof StatusService>(StatusService, createStatusService({ ...options, lanes, watch })),
    createServiceImplSpec<typeof OperatorService>(OperatorService, createOperatorService({ ...options, lanes })),
    createServiceImplSpec<typeof Health>(Health, createHealthService(names, options.ready)),
  ];
  const described = [...services.map(({ service }) => service), ServerReflection];
  const reflection = createServiceImplSpec<typeof ServerReflection>(ServerReflection, createReflectionService(described));
  return options.reflection ? [...services, reflection] : services;
}

function createWeb(options: ApiOptions, services: readonly ServiceImplSpec[], validate: Validate, room: Space): Listener {
  const { log, callTimeoutMs } = options;
  const limitOf = sizeLimit(options);
  const router = createConnectRouter({
    readMaxBytes: requestBytes(0),
    maxTimeoutMs: 24 * 3_600_000,
    acceptCompression: [compressionGzip, compressionBrotli],
    // What became of one message of many has details of any kind.
    jsonOptions: { ignoreUnknownFields: false, registry: createRegistry(file_google_rpc_error_details) },
    interceptors: createInterceptors({ log, timeoutMs: callTimeoutMs, validate }),
  });
  for (const { methods } of services) for (const { method, impl } of Object.values(methods)) addMethod(router, method, impl, limitOf(method));
  const health = () => answerHealth({ connected: options.ready, stats: () => queueStats(options) });
  return createListener(createFront({ ...options, handlers: router.handlers, room, limitOf, health }), options);
}

function addMethod(router: ConnectRouter, method: DescMethod, impl: unknown, readMaxBytes: number): void {
  router.rpc(method, impl as never, { readMaxBytes });
}

function createGrpc(options: ApiOptions, services: readonly ServiceImplSpec[], validate: Validate, room: Space): Listener {
  const limitOf = sizeLimit(options);
  const limits = new Map<string, number>(
    services.flatMap(({ service }) => service.methods.map((method) => [`/${service.typeName}/${method.name}`, limitOf(method)] as const)),
  );
  return createGrpcServer({
    ...options,
    services,
    validate,
    room,
    maxBytes: Math.max(...limits.values()),
    maxBytesOf: (path) => limits.get(path) ?? 0,
  });
}

function sizeLimit({ door, maxRequestBytes }: ApiOptions): (method: DescMethod) => number {
  return (method) => maxBytesOf(method, { maxMessageBytes: door.limits.maxBytes, maxRequestBytes });
}
