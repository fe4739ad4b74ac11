/** For tests: a scheduler on a server of its own, and those who speak with it. */
import { randomUUIDv7 } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type DescMessage, type DescMethodUnary, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, ServerCredentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import {
  type CalendarEntry,
  defaultPolicy,
  encodeTicket,
  idInPartition,
  partitionOf,
  Router,
  type EnginePolicy,
  type Ticket,
  type UpstreamGroup,
} from '@posthaste/core';
import { grpcMethod } from '@posthaste/protocol';
import {
  DispatchRequestSchema,
  DispatchService,
  LookupService,
  type Attempt,
  type DispatchRequest,
  type DispatchResponse,
  type LookupMessageResponse,
  type Outcome,
} from '@posthaste/protocol/dispatch';
import { connectStream, createPublisher, ensureStreams, mailStream, mailSubject, ticketHeader, type StreamConnection } from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { silentLog, silentMailLog, systemClock, type Log } from '@posthaste/telemetry';
import { eventually } from '@posthaste/testkit';
import { afterEach, beforeEach } from 'vitest';
import { createScheduler } from './server.ts';

const clock = systemClock;
const log = silentLog;

/** A log that keeps the sentences of its warnings. */
export function keepWarnings(): { readonly log: Log; readonly warnings: string[] } {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (sentence) => void warnings.push(sentence), child: () => log };
  return { log, warnings };
}

/** What a test says of its scheduler. */
export interface RigOptions {
  readonly retryDelaysMs?: readonly number[];
  readonly policy?: Partial<EnginePolicy>;
  readonly calendar?: readonly CalendarEntry[];
  readonly groups?: readonly UpstreamGroup[];
  readonly partitions?: number;
  readonly ownable?: readonly number[];
  readonly log?: Log;
}

/** To be called at the top of a test file: each test has a server of its own. */
export function schedulerRig(): Rig {
  const rig = new Rig();
  beforeEach(() => rig.open());
  afterEach(() => rig.close());
  return rig;
}

export class Rig {
  #dataDir = '';
  #nats: NatsServer | undefined;
  #connection: StreamConnection | undefined;
  #cleanups: (() => unknown)[] = [];

  async open(): Promise<void> {
    this.#dataDir = mkdtempSync(join(tmpdir(), 'posthaste-scheduler-'));
    const { binary } = await findNatsServer({ env: process.env });
    this.#nats = await startNatsServer({ binary, dataDir: this.#dataDir, durability: 'fast' });
    this.#connection = await connectStream({ url: this.#nats.url, name: 'test', log, clock });
    await ensureStreams(this.connection, { storageBytes: 256 * 1024 * 1024 });
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).toReversed()) await cleanup();
    await this.#connection?.close();
    await this.#nats?.stop();
    rmSync(this.#dataDir, { recursive: true });
  }

  get connection(): StreamConnection {
    if (!this.#connection) throw new Error('the rig is not open');
    return this.#connection;
  }

  async start({ retryDelaysMs = [60_000], policy = {}, calendar = [], groups = [], partitions = 1, ownable, log = silentLog }: RigOptions = {}) {
    const { connection } = this;
    let port = 0;
    const scheduler = createScheduler({
      connection,
      partitions,
      ownable,
      address: () => `127.0.0.1:${port}`,
      leaseTtlMs: 2_000,
      durability: 'fast',
      router: new Router(
        ['main'],
        groups.slice(0, 1).map(({ name }) => ({ match: { kind: 'any' }, upstream: name })),
        groups,
      ),
      policy: { ...defaultPolicy, retry: { ...defaultPolicy.retry, default: { kind: 'fixed', delaysMs: retryDelaysMs } }, ...policy },
      fleet: { lanes: policy.lanes ?? defaultPolicy.lanes, bulkWithinMs: 3_600_000, calendar, lookAheadMs: 0 },
      checkpointEveryMs: 1_000,
      checkpointEvents: 1_000,
      historyMs: 3_600_000,
      deadLetterAgeMs: 3_600_000,
      clock,
      log,
      mailLog: silentMailLog,
    });
    port = await new Promise<number>((resolve, reject) => {
      scheduler.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    const stop = new AbortController();
    const running = scheduler.run(stop.signal);
    const close = async () => {
      stop.abort();
      await running;
      scheduler.server.forceShutdown();
    };
    this.#cleanups.push(close);
    return { scheduler, port, close };
  }

  /** One that owns the partition. */
  async owner(options: RigOptions = {}) {
    const started = await this.start(options);
    await eventually(() => started.scheduler.ready);
    return started;
  }

  async submit(parts: Partial<Ticket> = {}, text = 'hello'): Promise<string> {
    const publisher = createPublisher(this.connection, { clock, log, mode: 'fast' });
    const id = idInPartition(randomUUIDv7(), 0);
    const body = Buffer.from(text);
    const ticket: Ticket = {
      id,
      tenant: 'default',
      lane: 'normal',
      from: 'a@example.org',
      recipients: [{ address: 'b@example.net' }],
      acceptedAt: clock.now(),
      size: body.length,
      ...parts,
    };
    const headers = { [ticketHeader]: encodeTicket(ticket) };
    const { lane, tenant } = ticket;
    const partition = partitionOf(ticket.id);
    await publisher.publish({
      stream: mailStream(partition, lane),
      subject: mailSubject(partition, lane, tenant),
      messageId: ticket.id,
      headers,
      body,
    });
    await publisher.close();
    return ticket.id;
  }

  /** A sender that does what the test says. */
  connectSender(port: number, senderId: string, partition = 0) {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = grpcMethod(DispatchService.method.dispatch);
    const stream: ClientDuplexStream<DispatchRequest, DispatchResponse> = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const attempts: Attempt[] = [];
    const acknowledged: string[] = [];
    const confirmed: string[] = [];
    const cancelled: string[] = [];
    let ended: ServiceError | undefined;
    stream.on('error', (error: ServiceError) => (ended = error));
    stream.on('data', ({ said }: DispatchResponse) => {
      if (said.case === 'batch') attempts.push(...said.value.attempts);
      if (said.case === 'acknowledgement') {
        acknowledged.push(...said.value.attemptIds);
        confirmed.push(...said.value.begunAttemptIds);
      }
      if (said.case === 'cancel') cancelled.push(...said.value.attemptIds);
    });
    const say = (said: NonNullable<Parameters<typeof create<typeof DispatchRequestSchema>>[1]>['said']) =>
      stream.write(create(DispatchRequestSchema, said ? { said } : {}));
    say({ case: 'hello', value: { senderId, partition, credits: [{ upstream: 'main', window: 10 }] } });
    this.#cleanups.push(() => {
      stream.cancel();
      client.close();
    });
    return {
      attempts,
      acknowledged,
      confirmed,
      cancelled,
      say,
      ended: () => ended,
      report: (attempt: Attempt, outcome: Outcome, code: number) =>
        say({
          case: 'report',
          value: {
            outcomes: [
              {
                attemptId: attempt.attemptId,
                messageId: attempt.messageId,
                recipients: [{ recipients: [0], outcome, reply: { code, text: 'so it is' } }],
              },
            ],
          },
        }),
    };
  }

  lookUp(port: number, id: string): Promise<LookupMessageResponse> {
    return this.ask(port, LookupService.method.lookupMessage, { id });
  }

  ask<I extends DescMessage, O extends DescMessage>(
    port: number,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
    return new Promise<MessageShape<O>>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, create(method.input, request), (error, response) =>
        error || !response ? reject(error ?? new Error('no response')) : resolve(response),
      );
    }).finally(() => client.close());
  }
}
