import { createConnectRouter } from '@connectrpc/connect';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';
import { StatusService, SubmissionService } from '@posthaste/protocol';
import { Health, ServerReflection } from '@posthaste/protocol/grpc';
import type { Door } from '@posthaste/submission';
import type { Log, MailLog } from '@posthaste/telemetry';
import type { Attachments } from './attachments.ts';
import { createFront } from './front.ts';
import { createHealthService } from './health.ts';
import { createInterceptors } from './interceptors.ts';
import { createListener, type Listener } from './listener.ts';
import { createReflectionService } from './reflection.ts';
import type { MessageSources } from './message-finding.ts';
import { createStatusService } from './status-service.ts';
import { createMessageWatch } from './status-watch.ts';
import { createSubmissionService } from './submission-service.ts';
import { createValidation } from './validation.ts';

export interface ApiOptions extends MessageSources {
  readonly door: Door;
  readonly mailLog: MailLog;
  readonly attachments: Attachments;
  readonly log: Log;
  readonly reflection: boolean;
  readonly ready: () => boolean;
  readonly callTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
}

/** gRPC, Connect, gRPC-Web and REST on one clear-text port. Builds without listening. */
export function createApiServer(options: ApiOptions): Listener {
  const readMaxBytes = requestBytes(options.door.limits.maxBytes);
  const watch = createMessageWatch(options);
  const services = [SubmissionService, StatusService];
  const requests = services.flatMap(({ methods }) => methods.map(({ input }) => input));
  const router = createConnectRouter({
    readMaxBytes,
    writeMaxBytes: readMaxBytes,
    maxTimeoutMs: 24 * 3_600_000,
    acceptCompression: [compressionGzip, compressionBrotli],
    jsonOptions: { ignoreUnknownFields: false },
    interceptors: createInterceptors({ log: options.log, timeoutMs: options.callTimeoutMs, validate: createValidation(requests) }),
  });
  router.service(SubmissionService, createSubmissionService(options));
  router.service(StatusService, createStatusService({ ...options, watch }));
  router.service(
    Health,
    createHealthService(
      services.map(({ typeName }) => typeName),
      options.ready,
    ),
  );
  if (options.reflection) router.service(ServerReflection, createReflectionService([...services, Health, ServerReflection]));
  const listener = createListener(createFront({ ...options, handlers: router.handlers, maxBytes: readMaxBytes }), options);
  return {
    ...listener,
    close(graceMs) {
      watch.drain();
      return listener.close(graceMs);
    },
  };
}

/** The largest request for a message of `maxBytes`: as base64 in JSON it grows by a third, and the other fields need room too. */
function requestBytes(maxBytes: number): number {
  return Math.ceil(maxBytes / 3) * 4 + 1024 * 1024;
}
