import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { systemClock } from '@posthaste/telemetry';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { grpcService } from '@posthaste/protocol';
import {
  AcknowledgementSchema,
  type Attempt,
  type AttemptOutcome,
  AllotmentSchema,
  BatchSchema,
  CancelSchema,
  type Checked,
  type Credit,
  type DispatchRequest,
  type DispatchResponse,
  DispatchResponseSchema,
  DispatchService,
  HeartbeatSchema,
  type Hello,
  WelcomeSchema,
  type WrittenAttempt,
} from '@posthaste/protocol/dispatch';

export interface SchedulerScript {
  /** Default 15 s. */
  leaseSeconds?: number;
  /** Default true. */
  acknowledges?: boolean;
  /** Confirms what has begun as soon as it hears of it. Default true. */
  confirms?: boolean;
  /** Answers each of the sender's heartbeats. Default true. */
  answers?: boolean;
}

/** The scheduler's side of the dispatch stream, for tests: says what it is told to, and writes down what it hears. */
export class ScriptedScheduler {
  readonly hellos: Hello[] = [];
  readonly credits: Credit[] = [];
  readonly begun: string[] = [];
  readonly checks: Checked[] = [];
  readonly written: WrittenAttempt[] = [];
  /** Every outcome each time it came, by attempt. */
  readonly outcomes = new Map<string, AttemptOutcome[]>();
  script: SchedulerScript;
  port = 0;
  #server = new Server();
  #stream: ServerDuplexStream<DispatchRequest, DispatchResponse> | undefined;

  constructor(script: SchedulerScript = {}) {
    this.script = script;
  }

  async listen(): Promise<void> {
    this.#server = new Server();
    this.#server.addService(grpcService(DispatchService), {
      dispatch: (stream: ServerDuplexStream<DispatchRequest, DispatchResponse>) => this.#serve(stream),
    });
    this.port = await new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
    });
  }

  /** As after kill -9: every stream breaks, nobody listens. */
  close(): void {
    this.#server.forceShutdown();
  }

  assign(...attempts: Attempt[]): void {
    this.#say({ case: 'batch', value: create(BatchSchema, { epoch: 1n, attempts }) });
  }

  /** As if the batch had been under way for so long. */
  assignLate(lateMs: number, ...attempts: Attempt[]): void {
    this.#say({
      case: 'batch',
      value: create(BatchSchema, { epoch: 1n, attempts, clock: durationFromMs(Math.floor(systemClock.monotonic()) - lateMs) }),
    });
  }

  cancel(...attemptIds: string[]): void {
    this.#say({ case: 'cancel', value: create(CancelSchema, { attemptIds }) });
  }

  allot(upstream: string, connections: number, number: number): void {
    this.#say({ case: 'allotment', value: create(AllotmentSchema, { upstream, connections, number: BigInt(number) }) });
  }

  acknowledge(...attemptIds: string[]): void {
    this.#say({ case: 'acknowledgement', value: create(AcknowledgementSchema, { attemptIds }) });
  }

  confirm(...attemptIds: string[]): void {
    this.#say({ case: 'acknowledgement', value: create(AcknowledgementSchema, { begunAttemptIds: attemptIds }) });
  }

  /** The first outcome that came of an attempt. */
  outcome(attemptId: string): AttemptOutcome | undefined {
    return this.outcomes.get(attemptId)?.[0];
  }

  #say(said: DispatchResponse['said']): void {
    this.#stream?.write(create(DispatchResponseSchema, { said }));
  }

  #serve(stream: ServerDuplexStream<DispatchRequest, DispatchResponse>): void {
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('end', () => stream.end());
    stream.on('data', ({ said }: DispatchRequest) => this.#hear(said));
  }

  #hear(said: DispatchRequest['said']): void {
    switch (said.case) {
      case 'hello':
        this.hellos.push(said.value);
        this.#say({
          case: 'welcome',
          value: create(WelcomeSchema, {
            epoch: 1n,
            lease: { seconds: BigInt(this.script.leaseSeconds ?? 15) },
            clock: durationFromMs(Math.floor(systemClock.monotonic())),
          }),
        });
        this.#confirm(said.value.held.filter(({ begun }) => begun).map(({ attemptId }) => attemptId));
        return this.#take(said.value.outcomes);
      case 'heartbeat':
        if (this.script.answers ?? true) this.#say({ case: 'heartbeat', value: create(HeartbeatSchema) });
        return;
      case 'credit':
        this.credits.push(said.value);
        return;
      case 'begun':
        this.begun.push(...said.value.attemptIds);
        return this.#confirm(said.value.attemptIds);
      case 'report':
        return this.#take(said.value.outcomes);
      case 'checked':
        this.checks.push(said.value);
        return;
      case 'written':
        this.written.push(...said.value.attempts);
        return;
      case undefined:
    }
  }

  #confirm(attemptIds: readonly string[]): void {
    if ((this.script.confirms ?? true) && attemptIds.length > 0) this.confirm(...attemptIds);
  }

  #take(outcomes: readonly AttemptOutcome[]): void {
    for (const outcome of outcomes) this.outcomes.set(outcome.attemptId, [...(this.outcomes.get(outcome.attemptId) ?? []), outcome]);
    if ((this.script.acknowledges ?? true) && outcomes.length > 0) this.acknowledge(...outcomes.map(({ attemptId }) => attemptId));
  }
}
