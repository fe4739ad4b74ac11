import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Server as GrpcServer } from '@grpc/grpc-js';
import { Router, type Route } from '@posthaste/core';
import { DispatchService, LookupService } from '@posthaste/protocol/dispatch';
import { grpcService } from '@posthaste/protocol';
import { createLease, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log, MailLog } from '@posthaste/telemetry';
import { dispatchHandler } from './dispatch-service.ts';
import { explanationHandler } from './explanation-service.ts';
import { lookupHandler } from './lookup-service.ts';
import { statsHandler } from './stats-service.ts';
import { contend } from './ownership.ts';
import { beginTenure, type Tenure, type TenureOptions } from './tenure.ts';

export interface SchedulerOptions extends Pick<
  TenureOptions,
  'partition' | 'durability' | 'policy' | 'fleet' | 'checkpointEveryMs' | 'checkpointEvents' | 'historyMs'
> {
  readonly connection: StreamConnection;
  /** Where senders and the api reach this scheduler; others read it from the lease. */
  readonly address: string;
  readonly leaseTtlMs: number;
  readonly upstreams: readonly string[];
  readonly routes: readonly Route[];
  readonly clock: Clock;
  readonly log: Log;
  readonly mailLog: MailLog;
}

export interface Scheduler {
  /** To be bound to an address by whoever starts it. */
  readonly server: GrpcServer;
  readonly owning: boolean;
  /** Contends for the partition until the signal; resolves when everything has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** Senders and api say little at a time; pings find a dead peer, and small windows keep the memory of a slow one bounded. */
const channelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
};

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { connection, partition, address, clock, log } = options;
  const owner = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const lease = createLease(connection, { partition, owner, address, ttlMs: options.leaseTtlMs, clock, log });
  const router = new Router(options.upstreams, options.routes);
  let tenure: Tenure | null = null;
  const server = new GrpcServer(channelOptions);
  server.addService(grpcService(DispatchService), { dispatch: dispatchHandler(() => tenure?.senders ?? null) });
  server.addService(grpcService(LookupService), {
    lookupMessage: lookupHandler(() => tenure?.lookup ?? null),
    lookupExplanation: explanationHandler(() => tenure?.lookup ?? null),
    lookupStats: statsHandler(() => tenure?.lookup ?? null),
  });
  return {
    server,
    get owning() {
      return tenure !== null;
    },
    run: (signal) =>
      contend({
        lease,
        begin: () => beginTenure({ ...options, lease, owner, router }),
        onChange: (next) => (tenure = next),
        clock,
        log,
        signal,
      }),
  };
}
