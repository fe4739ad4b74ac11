import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { HealthCheckResponse_ServingStatus as ServingStatus, HealthCheckResponseSchema, type Health } from '@posthaste/protocol/grpc';
import { refusal } from './refusal/refusal.ts';

/** gRPC's health check: of the server as a whole (the empty name) and of each service by its name. */
export function createHealthService(services: readonly string[], ready: () => boolean): ServiceImpl<typeof Health> {
  return {
    check({ service }) {
      if (service !== '' && !services.includes(service)) throw new ConnectError(`there is no service ${service} here`, Code.NotFound);
      return create(HealthCheckResponseSchema, { status: ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING });
    },
    watch() {
      // What the health protocol asks of a server without it: clients then take the connection for healthy.
      throw refusal('METHOD_NOT_FOUND', 'health is not watched here: ask with Check, or watch it on the admin port');
    },
  };
}
