import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '@posthaste/telemetry';
import { StreamError } from './errors.ts';
import { encodeHeaders, type Headers } from './headers.ts';

interface Question {
  readonly subject: string;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly resolve: (answer: Msg) => void;
  readonly reject: (error: StreamError) => void;
}

/** How often unanswered questions are looked at: their timeouts are no more exact than this. */
const sweepMs = 200;

/**
 * Questions and answers over one subscription: the client's own `request` makes a timer and several promises for each call,
 * which is too much for the road of every mail.
 */
export class Answers {
  private readonly nats: NatsConnection;
  private readonly clock: Clock;
  private readonly prefix = `${createInbox()}.`;
  private readonly open = new Map<string, Question>();
  private readonly closing = new AbortController();
  private asked = 0;
  private sweeping = false;

  constructor(nats: NatsConnection, clock: Clock) {
    this.nats = nats;
    this.clock = clock;
    nats.subscribe(`${this.prefix}*`, {
      callback: (error, message) => {
        if (!error) this.take(message);
      },
    });
  }

  ask(subject: string, body: Uint8Array, headers: Headers | undefined, timeoutMs: number): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const number = String(++this.asked);
      try {
        const reply = this.prefix + number;
        this.nats.publish(subject, body, headers === undefined ? { reply } : { reply, headers: encodeHeaders(headers) });
      } catch (error) {
        return reject(sendError(subject, error));
      }
      this.open.set(number, { subject, deadline: this.clock.monotonic() + timeoutMs, resolve, reject });
      if (!this.sweeping) void this.sweep();
    });
  }

  /** Rejects all that is open: after a cut no answer will come. */
  abandon(why: string): void {
    const questions = [...this.open.values()];
    this.open.clear();
    for (const { subject, reject } of questions) reject(new StreamError('AWAY', `${subject}: ${why}`));
  }

  close(): void {
    this.closing.abort();
    this.abandon('the connection to NATS was closed before the answer came');
  }

  private take(answer: Msg): void {
    const number = answer.subject.slice(this.prefix.length);
    const question = this.open.get(number);
    if (!question) return;
    this.open.delete(number);
    if (isNobody(answer)) question.reject(new StreamError('AWAY', `${question.subject}: nobody listens (no responders)`));
    else question.resolve(answer);
  }

  private async sweep(): Promise<void> {
    this.sweeping = true;
    while (this.open.size > 0 && !this.closing.signal.aborted) {
      await this.clock.sleep(sweepMs, this.closing.signal).catch(() => {});
      this.giveUpOverdue(this.clock.monotonic());
    }
    this.sweeping = false;
  }

  private giveUpOverdue(now: number): void {
    for (const [number, { subject, deadline, reject }] of this.open) {
      if (deadline > now) continue;
      this.open.delete(number);
      reject(new StreamError('AWAY', `${subject}: no answer in time`));
    }
  }
}

const isNobody = (answer: Msg) => answer.data.length === 0 && answer.headers?.code === 503;

function sendError(subject: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const tooLarge = cause instanceof Error && cause.message.includes('max_payload');
  if (tooLarge) return new StreamError('TOO_LARGE', `${subject}: the message is above the server's max_payload`, { cause });
  const closed = cause instanceof Error && /clos|drain/i.test(cause.name + cause.message);
  return new StreamError(closed ? 'AWAY' : 'BROKEN', `${subject}: the message could not be sent`, { cause });
}
