import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Server as GrpcServer } from '@grpc/grpc-js';
import type { Router } from '@posthaste/core';
import { DispatchService, LookupService, OperateService } from '@posthaste/protocol/dispatch';
import { grpcService } from '@posthaste/protocol';
import { createLease, type StreamConnection } from '@posthaste/stream';
import type { Clock, Log, MailLog } from '@posthaste/telemetry';
import { Contender } from './contending.ts';
import { dispatchHandler } from './dispatch-service.ts';
import { explanationHandler } from './explanation-service.ts';
import { Holding } from './holding.ts';
import { lookupHandler } from './lookup-service.ts';
import { showLanes } from './metrics.ts';
import { operateHandlers } from './operation/operate-service.ts';
import { statsHandler } from './stats-service.ts';
import { beginTenure, type TenureOptions } from './tenure.ts';

export interface SchedulerOptions extends Pick<
  TenureOptions,
  'durability' | 'policy' | 'fleet' | 'checkpointEveryMs' | 'checkpointEvents' | 'historyMs' | 'deadLetterAgeMs'
> {
  readonly connection: StreamConnection;
  /** How many there are. */
  readonly partitions: number;
  /** Those that this scheduler may own; absent: all, shared with other schedulers. */
  readonly ownable?: readonly number[] | undefined;
  /** Where senders and the api reach this scheduler, once it listens; they read it from the leases. */
  readonly address: () => string;
  readonly leaseTtlMs: number;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
  readonly mailLog: MailLog;
}

export interface Scheduler {
  /** To be bound to an address by whoever starts it. */
  readonly server: GrpcServer;
  /** Every partition that it may own has an owner: this scheduler, or another one while it stands by. */
  readonly ready: boolean;
  /** The partitions that it decides for. */
  readonly owned: readonly number[];
  /** Contends for the partitions until the signal; resolves when everything has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** Senders and api say little at a time; pings find a dead peer, and small windows keep the memory of a slow one bounded. */
const channelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
};

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { partitions, ownable } = options;
  showLanes(options.policy.lanes);
  const owner = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const numbers = ownable ?? Array.from({ length: partitions }, (_, partition) => partition);
  const holdings = numbers.map((partition) => createHolding(options, owner, partition));
  const contender = new Contender({ ...options, owner, holdings, shares: ownable === undefined });
  const tenureOf = (partition: number) => holdings.find((holding) => holding.partition === partition)?.tenure ?? null;
  const server = new GrpcServer(channelOptions);
  server.addService(grpcService(DispatchService), { dispatch: dispatchHandler((partition) => tenureOf(partition)?.senders ?? null) });
  server.addService(grpcService(LookupService), {
    lookupMessage: lookupHandler((partition) => tenureOf(partition)?.lookup ?? null),
    lookupExplanation: explanationHandler((partition) => tenureOf(partition)?.lookup ?? null),
    lookupStats: statsHandler((partition) => tenureOf(partition)?.lookup ?? null),
  });
  server.addService(
    grpcService(OperateService),
    operateHandlers((partition) => tenureOf(partition)?.lookup ?? null),
  );
  return {
    server,
    get ready() {
      return contender.ready;
    },
    get owned() {
      return holdings.flatMap(({ partition, tenure }) => (tenure ? [partition] : []));
    },
    run: (signal) => contender.run(signal),
  };
}

function createHolding(options: SchedulerOptions, owner: string, partition: number): Holding {
  const { connection, partitions, address, leaseTtlMs, clock } = options;
  const log = options.log.child({ partition });
  const lease = createLease(connection, { partition, partitions, owner, address, ttlMs: leaseTtlMs, clock, log });
  const begin = () => beginTenure({ ...options, partition, lease, owner, log });
  return new Holding({ partition, lease, begin, log });
}
