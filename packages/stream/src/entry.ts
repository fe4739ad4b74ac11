import type { Msg, MsgHdrs } from '@nats-io/transport-node';

/** One message of a stream. */
export interface StreamEntry {
  readonly sequence: number;
  readonly subject: string;
  /** When the server stored it, milliseconds since the epoch. */
  readonly time: number;
  /** A header's value; undefined when there is none. Names are case-sensitive. */
  header(name: string): string | undefined;
  /** A view of the receive buffer: copy it to keep it for long. Empty when only headers were asked for. */
  readonly body: Uint8Array;
}

/** What the reply subject of a delivered message tells. */
export interface Delivery {
  readonly stream: number;
  /** Counts what this consumer sent, from 1 without gaps: a jump means that deliveries were lost. */
  readonly consumer: number;
  readonly time: number;
  /** How many matching entries the consumer has yet to send. */
  readonly pending: number;
}

/** `$JS.ACK.stream.consumer.tries.sequence.consumer sequence.time.pending`, or with domain and account in front of the stream. */
export function readDelivery(reply: string): Delivery {
  const words = reply.split('.');
  const start = words.length === 9 ? 5 : 7;
  return {
    stream: Number(words[start]),
    consumer: Number(words[start + 1]),
    time: Number(words[start + 2]?.slice(0, -6)),
    pending: Number(words[start + 3]),
  };
}

export function deliveredEntry(message: Msg, delivery: Delivery): StreamEntry {
  return {
    sequence: delivery.stream,
    subject: message.subject,
    time: delivery.time,
    header: (name) => headerOf(message.headers, name),
    body: message.data,
  };
}

/** An entry as a direct get answers it: the body as it is, the rest in headers. */
export function directEntry(message: Msg): StreamEntry {
  const { headers } = message;
  return {
    sequence: Number(headerOf(headers, 'Nats-Sequence')),
    subject: headerOf(headers, 'Nats-Subject') ?? '',
    time: Date.parse(headerOf(headers, 'Nats-Time-Stamp') ?? ''),
    header: (name) => headerOf(headers, name),
    body: message.data,
  };
}

export function headerOf(headers: MsgHdrs | undefined, name: string): string | undefined {
  return headers?.values(name)[0];
}
