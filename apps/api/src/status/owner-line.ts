import type { DescMessage, DescMethodUnary, MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { type Address, formatAddress } from '@posthaste/config';
import { grpcMethod } from '@posthaste/protocol';
import { partitionKey } from '@posthaste/protocol/dispatch';
import { currentOwner, type StreamConnection } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';

interface OwnerLineOptions {
  readonly connection: StreamConnection;
  readonly partition: number;
  /** Where every owner is to be found; by default where the lease says. */
  readonly fixed?: Address | undefined;
  readonly answerWithinMs: number;
  readonly clock: Clock;
}

export interface OwnerLinesOptions extends Omit<OwnerLineOptions, 'partition'> {
  readonly partitions: number;
}

/** One to each partition, by its number. */
export function openOwnerLines({ partitions, ...options }: OwnerLinesOptions): readonly OwnerLine[] {
  return Array.from({ length: partitions }, (_, partition) => new OwnerLine({ ...options, partition }));
}

/** The way to whoever owns a partition now. */
export class OwnerLine {
  readonly #options: OwnerLineOptions;
  #line: { readonly address: string; readonly client: Client } | undefined;

  constructor(options: OwnerLineOptions) {
    this.#options = options;
  }

  /** Asks where the owner was last found; when it is not there any more, once again where it is now. Rejects with a ServiceError. */
  async ask<I extends DescMessage, O extends DescMessage>(method: DescMethodUnary<I, O>, request: MessageShape<I>): Promise<MessageShape<O>> {
    const { clock, answerWithinMs } = this.#options;
    const deadline = clock.now() + answerWithinMs;
    const { address, client } = this.#line ?? (await this.#find());
    try {
      return await this.#call(client, method, request, deadline);
    } catch (error) {
      const { code } = error as ServiceError;
      // A machine that vanished does not even refuse: who owns the partition is looked up again the next time.
      if (code === status.DEADLINE_EXCEEDED) this.close();
      if (code !== status.UNAVAILABLE) throw error;
      const found = await this.#find();
      if (found.address === address) throw error;
      return await this.#call(found.client, method, request, deadline);
    }
  }

  close(): void {
    this.#line?.client.close();
    this.#line = undefined;
  }

  async #find(): Promise<{ readonly address: string; readonly client: Client }> {
    const address = await this.#address();
    if (this.#line?.address === address) return this.#line;
    this.close();
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    });
    this.#line = { address, client };
    return this.#line;
  }

  #call<I extends DescMessage, O extends DescMessage>(
    client: Client,
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    deadline: number,
  ): Promise<MessageShape<O>> {
    const { path, requestSerialize, responseDeserialize } = grpcMethod(method);
    const metadata = new Metadata();
    metadata.set(partitionKey, String(this.#options.partition));
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest<MessageShape<I>, MessageShape<O>>(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        { deadline },
        (error, answer) => {
          if (answer) resolve(answer);
          else reject(error ?? new Error('neither an answer nor an error'));
        },
      );
    });
  }

  async #address(): Promise<string> {
    const { connection, fixed, partition } = this.#options;
    if (fixed) return formatAddress(fixed);
    const owner = await currentOwner(connection, partition).catch((error: unknown) => {
      throw unavailable(`it cannot be seen now who owns partition ${partition}: ${String(error)}`);
    });
    if (!owner) throw unavailable(`nobody owns partition ${partition} now`);
    return owner.address;
  }
}

function unavailable(details: string): ServiceError {
  return Object.assign(new Error(details), { code: status.UNAVAILABLE, details, metadata: new Metadata() });
}
