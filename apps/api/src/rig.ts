import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import type { JournalEvent, LaneTable } from '@posthaste/core';
import { LiveLedger } from '@posthaste/ledger';
import { BadRequestSchema, ErrorInfoSchema, grpcService, RetryInfoSchema } from '@posthaste/protocol';
import {
  LookupService,
  LookupStatsResponseSchema,
  type LookupExplanationRequest,
  type LookupExplanationResponse,
  type LookupMessageRequest,
  type LookupMessageResponse,
  type LookupStatsRequest,
  type LookupStatsResponse,
} from '@posthaste/protocol/dispatch';
import { connectStream, createPublisher, ensureStreams, openJournal, watchFill, type FillWatch } from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { createDoor, type SubmissionLimits } from '@posthaste/submission';
import { silentLog, silentMailLog, systemClock as clock } from '@posthaste/telemetry';
import { createAttachments } from './submission/attachments.ts';
import { createIdempotency } from './submission/idempotency.ts';
import { createSchedulerOperator } from './operation/scheduler-operator.ts';
import { serveOperate } from './operation/scripted-operate.ts';
import { createSchedulerLookup } from './status/scheduler-lookup.ts';
import { createApiServer } from './server.ts';

export type Rig = Awaited<ReturnType<typeof startRig>>;

export interface RigOptions {
  readonly limits?: Partial<SubmissionLimits>;
  /** Default: the four. */
  readonly lanes?: LaneTable;
  readonly callTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How long a message is tried to be stored while NATS does not answer. */
  readonly retryForMs?: number;
  readonly maxRequestBytes?: number;
  readonly maxInFlightBytes?: number;
  readonly corsOrigins?: readonly string[];
  readonly hosts?: readonly string[];
  /** Of another rig. Default: one of its own. */
  readonly nats?: NatsServer;
}

/** For tests: an api server on a free port with a real NATS behind it; the scheduler's answers are what the test says. */
export async function startRig(options: RigOptions = {}) {
  const { limits = {}, callTimeoutMs = 10_000, requestTimeoutMs = 10_000, retryForMs = 300, corsOrigins = [], hosts = [] } = options;
  const { maxRequestBytes = 64 * 1024 * 1024, maxInFlightBytes = 256 * 1024 * 1024 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-api-'));
  const { binary } = await findNatsServer({ env: process.env });
  const nats = options.nats ?? (await startNatsServer({ binary, dataDir: join(folder, 'nats'), durability: 'fast' }));
  const connection = await connectStream({ url: nats.url, name: 'api-test', log: silentLog, clock });
  await ensureStreams(connection);
  const journal = await openJournal(connection, { partition: 0, owner: 'test', log: silentLog, clock });
  const publisher = createPublisher(connection, { clock, log: silentLog, mode: 'fast', retryForMs });
  const full: { stream: string | null } = { stream: null };
  const watch = watchFill(connection, { clock, log: silentLog });
  const fill: FillWatch = { blocked: (partition, mail) => full.stream ?? watch.blocked(partition, mail), ratio: 0.25, close: () => watch.close() };
  const door = createDoor({
    publisher,
    fill,
    clock,
    name: 'api',
    hostname: 'api.example.org',
    limits,
    ...(options.lanes && { lanes: options.lanes }),
  });
  const ledger = new LiveLedger({ path: join(folder, 'ledger.sqlite'), connection, clock, log: silentLog });
  const scheduler = await startScheduler();
  const fixed = { host: '127.0.0.1', port: scheduler.port };
  const lookup = createSchedulerLookup({ connection, partitions: 1, fixed, clock });
  const operator = createSchedulerOperator({ connection, partitions: 1, fixed, clock });
  const bounds = { callTimeoutMs, requestTimeoutMs, idleTimeoutMs: 10_000, maxConnections: 100, maxRequestBytes, maxInFlightBytes };
  const server = createApiServer({
    ...bounds,
    corsOrigins,
    hosts,
    door,
    attachments: createAttachments({ publisher, connection, fill, clock, maxBytes: door.limits.maxBytes }),
    idempotency: createIdempotency({ connection, publisher, door, sources: { ledger, lookup, clock }, retryForMs }),
    ledger,
    lookup,
    operator,
    fill,
    clock,
    log: silentLog,
    mailLog: silentMailLog,
    reflection: true,
    ready: () => connection.connected,
  });
  const anyPort = { host: '127.0.0.1', port: 0 };
  const [{ port }, grpc] = await Promise.all([server.web.listen(anyPort), server.grpc.listen(anyPort)]);

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    grpcTarget: `127.0.0.1:${grpc.port}`,
    nats,
    connection,
    publisher,
    full,
    server,
    ledger,
    scheduler,
    record: (events: readonly JournalEvent[]) => journal.append('events', Buffer.from(JSON.stringify({ epoch: 1, owner: 'test', events }))),
    async stop() {
      await server.close(1_000);
      fill.close();
      lookup.close();
      operator.close();
      scheduler.stop();
      await publisher.close();
      await ledger.close();
      await connection.close();
      if (!options.nats) await nats.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The scheduler's side of live questions: knows what is put into `known`, and counts what `stats` says. */
async function startScheduler() {
  const known = new Map<string, LookupMessageResponse>();
  const explanations = new Map<string, LookupExplanationResponse>();
  const stats = create(LookupStatsResponseSchema);
  const server = new Server();
  const lookupMessage: handleUnaryCall<LookupMessageRequest, LookupMessageResponse> = ({ request }, callback) => {
    const found = known.get(request.id);
    if (found) callback(null, found);
    else callback({ code: status.NOT_FOUND });
  };
  const lookupExplanation: handleUnaryCall<LookupExplanationRequest, LookupExplanationResponse> = ({ request }, callback) => {
    const explained = explanations.get(request.id);
    if (explained) callback(null, explained);
    else callback({ code: status.NOT_FOUND });
  };
  const lookupStats: handleUnaryCall<LookupStatsRequest, LookupStatsResponse> = (_, callback) => callback(null, stats);
  server.addService(grpcService(LookupService), { lookupMessage, lookupExplanation, lookupStats });
  const operate = serveOperate(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { port, known, explanations, stats, operate, stop: () => server.forceShutdown() };
}

/** What a refused call says, flat; fails when the call was not refused. */
export async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => Promise.reject(new Error('the call was not refused')),
    (reason: unknown) => ConnectError.from(reason),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  return {
    code: Code[error.code],
    message: error.rawMessage,
    domain: info?.domain,
    reason: info?.reason,
    metadata: info?.metadata,
    retryAfterSeconds: retry && Number(retry.retryDelay?.seconds),
    fields: error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations),
  };
}
