import type { Clock, Log } from '@posthaste/telemetry';
import type { StreamConnection } from './connection.ts';
import { StreamError } from './errors.ts';
import { Gathering } from './gathering.ts';
import type { Headers } from './headers.ts';

export interface Publication {
  readonly stream: string;
  readonly subject: string;
  /**
   * The `Nats-Msg-Id`. Within the stream's duplicate window and one life of the server a second entry of the same id is not stored. Absent: a header
   * tells a repetition, and the server has no id to remember.
   */
  readonly messageId?: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface Stored {
  readonly stream: string;
  readonly sequence: number;
  /** It had been stored before, under this sequence: by an earlier try of ours, or by somebody else's publication of the same id. */
  readonly duplicate: boolean;
}

export interface PublisherOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What the server was asked to do before it acknowledges: durable gathers, because every fsync costs. */
  readonly mode: 'durable' | 'fast';
  /** How long a publication is tried again while NATS is away, milliseconds; 20,000 by default. */
  readonly retryForMs?: number;
  /** Above this many waiting bytes a publication is refused with AWAY at once; 64 MiB by default. */
  readonly maxPendingBytes?: number;
}

export interface Publisher {
  /**
   * Resolves when the stream has acknowledged. Rejects with FULL or TOO_LARGE at once; with AWAY after `retryForMs`, or at once
   * while `maxPendingBytes` are waiting: such an entry may have been stored nevertheless. The order of publications that wait
   * at the same time is not kept.
   */
  publish(publication: Publication): Promise<Stored>;
  /**
   * For whoever can make its own client wait: while much is waiting already, this waits for its turn instead of being refused. Resolves when the
   * publication is taken; `stored` is what `publish` gives, and the time for it counts from the call.
   */
  publishInTurn(publication: Publication): Promise<{ readonly stored: Promise<Stored> }>;
  /** Headers and bodies of all that is not acknowledged yet. */
  readonly pendingBytes: number;
  /** Takes nothing more, and resolves when all that was taken is settled. */
  close(): Promise<void>;
}

/**
 * Publishes with an acknowledgement, tried again under the same message id after a cut. That id is what makes the repetition
 * harmless, but not for ever: the server forgets the ids of removed entries when it restarts, so that a repetition can then be
 * stored a second time; the reader of the stream has to know ids that it has finished lately.
 */
export function createPublisher(connection: StreamConnection, options: PublisherOptions): Publisher {
  return new StreamPublisher(connection, options);
}

interface Waiting {
  readonly publication: Publication;
  /** On the monotonic clock. */
  readonly deadline: number;
  taken(stored: Promise<Stored>): void;
}

/** The frame of a stored entry beside its own headers, about. */
const frameBytes = 100;

class StreamPublisher implements Publisher {
  pendingBytes = 0;
  private readonly connection: StreamConnection;
  private readonly options: PublisherOptions;
  private readonly maxPendingBytes: number;
  private readonly gatherings = new Map<string, Gathering>();
  /** In the order in which they came. */
  private readonly waiting: Waiting[] = [];
  private open = 0;
  private closed: PromiseWithResolvers<void> | undefined;

  constructor(connection: StreamConnection, options: PublisherOptions) {
    this.connection = connection;
    this.options = options;
    this.maxPendingBytes = options.maxPendingBytes ?? 64 * 1024 * 1024;
  }

  publish(publication: Publication): Promise<Stored> {
    return this.take(publication, this.deadline());
  }

  publishInTurn(publication: Publication): Promise<{ readonly stored: Promise<Stored> }> {
    if (this.waiting.length === 0 && this.isCalm(publication)) return Promise.resolve({ stored: this.publish(publication) });
    return new Promise((resolve) => {
      this.waiting.push({ publication, deadline: this.deadline(), taken: (stored) => resolve({ stored }) });
    });
  }

  private take(publication: Publication, deadline: number): Promise<Stored> {
    if (this.closed) return Promise.reject(new StreamError('AWAY', `${publication.stream}: this program is shutting down`));
    const bytes = weigh(publication);
    if (bytes > this.connection.maxPayload) return Promise.reject(tooLarge(publication, bytes, this.connection.maxPayload));
    if (this.pendingBytes + bytes > this.maxPendingBytes && this.open > 0) return Promise.reject(this.overfull(publication.stream));
    return new Promise((resolve, reject) => {
      this.pendingBytes += bytes;
      this.open += 1;
      const settle = () => this.settled(bytes);
      this.gatheringOf(publication.stream).add({
        publication,
        bytes,
        deadline,
        sentBefore: false,
        resolve: (stored) => (resolve(stored), settle()),
        reject: (error) => (reject(error), settle()),
      });
    });
  }

  close(): Promise<void> {
    this.closed ??= Promise.withResolvers<void>();
    if (this.open === 0) this.closed.resolve();
    return this.closed.promise;
  }

  private settled(bytes: number): void {
    this.pendingBytes -= bytes;
    this.open -= 1;
    for (let next = this.waiting[0]; next && this.isCalm(next.publication); next = this.waiting[0]) {
      this.waiting.shift();
      next.taken(this.take(next.publication, next.deadline));
    }
    if (this.open === 0) this.closed?.resolve();
  }

  private deadline(): number {
    return this.options.clock.monotonic() + (this.options.retryForMs ?? 20_000);
  }

  /** Half of the room is for those who cannot wait. */
  private isCalm(publication: Publication): boolean {
    return this.open === 0 || this.pendingBytes + weigh(publication) <= this.maxPendingBytes / 2;
  }

  private gatheringOf(stream: string): Gathering {
    let gathering = this.gatherings.get(stream);
    if (!gathering) this.gatherings.set(stream, (gathering = new Gathering(this.connection, this.options, stream)));
    return gathering;
  }

  private overfull(stream: string): StreamError {
    return new StreamError(
      'AWAY',
      `${stream}: ${this.pendingBytes} bytes are waiting to be acknowledged, no more than ${this.maxPendingBytes} are kept`,
    );
  }
}

function weigh({ subject, headers, body }: Publication): number {
  let bytes = frameBytes + subject.length + body.length;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + 4;
  return bytes;
}

const tooLarge = ({ subject }: Publication, bytes: number, limit: number) =>
  new StreamError('TOO_LARGE', `${subject}: the entry has about ${bytes} bytes, the server takes ${limit} (max_payload)`);
