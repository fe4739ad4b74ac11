import type { Lane, TicketRecipient } from '@posthaste/core';

/** The envelope of RFC 5321 with its extensions, as the client gave it. */
export interface Envelope {
  /** Reverse path without the angle brackets; empty for the null sender. */
  readonly from: string;
  readonly recipients: readonly TicketRecipient[];
  /** The client speaks SMTPUTF8 (RFC 6531). The ticket carries it only when an address or the headers need it. */
  readonly smtpUtf8?: boolean;
  readonly dsnReturn?: 'FULL' | 'HDRS';
  /** Still in xtext. */
  readonly dsnEnvelopeId?: string;
}

/** What can be asked for a message. Who may ask, and who wins: `mergeWishes`. */
export interface Wishes {
  /** By its name: one of the four, or a further one. */
  readonly lane?: string;
  /** Milliseconds since the epoch; what has passed means now. */
  readonly due?: number;
  /** From `due`, or else from acceptance, until it is useless. */
  readonly ttlMs?: number;
  /** Milliseconds since the epoch; wins over `ttlMs`. */
  readonly deadline?: number;
  /** The deadline was given as a while from now. */
  readonly byAge?: true;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What a message asks for in its headers. */
export interface HeaderWishes {
  /** By headers of our own (X-Posthaste-*). */
  readonly own?: Wishes;
  /** By headers that mail programs write, such as X-Priority and Importance. */
  readonly common?: Lane;
}

/** How the message came: the `with` clause of its Received header (RFC 5321, 4.4; RFC 3848; RFC 6531). */
export type Protocol = 'SMTP' | 'ESMTP' | 'ESMTPS' | 'ESMTPA' | 'ESMTPSA' | 'HTTP' | 'gRPC' | 'Connect' | 'gRPC-Web';

export interface Client {
  /** IP address. */
  readonly address: string;
  /** The name given in HELO or EHLO. */
  readonly helo?: string;
}

/** All that is known of a submission before its first byte. */
export interface Cover {
  readonly envelope: Envelope;
  readonly protocol: Protocol;
  readonly client?: Client;
  /** By whom a repeated submission is recognised: the authenticated user, else the client's address. Absent: it never is. */
  readonly submitter?: string;
  /** The trace that the submission is a part of, as the client gave it (W3C Trace Context, 3.2). */
  readonly traceparent?: string;
  /** Letters, digits, `-` and `_`, at most 64. Default: `default`. */
  readonly tenant?: string;
  /** Said beside the message: by the fields of a request, or the parameters of MAIL. */
  readonly wishes?: Wishes;
  /** Said in the user name of the login. */
  readonly login?: Wishes;
  /** For a message of which nobody says it. */
  readonly defaults?: Pick<Wishes, 'lane' | 'tags'>;
  /** The most urgent lane that the message may have, whatever is asked for. A further lane is as urgent as its base. */
  readonly maxLane?: Lane;
  /** MT-PRIORITY of MAIL, from -9 to 9 (RFC 6710). Its lane stands in `wishes`. */
  readonly priority?: number;
}

export interface Submission extends Cover {
  /** The message as it came (RFC 5322): headers and body. */
  readonly raw: Uint8Array | AsyncIterable<Uint8Array>;
  /** Default: a new one. */
  readonly id?: string;
}

/** A mail that is ours now. */
export interface Acceptance {
  readonly id: string;
  /** Its name. */
  readonly lane: string;
  readonly tenant: string;
  /** Bytes of the message as stored. */
  readonly size: number;
  readonly acceptedAt: number;
  /** Present when it waits for its time. */
  readonly due?: number;
  /** It is the mail of an earlier submission, under that one's id; nothing new was stored. */
  readonly replayed?: true;
}

export interface SubmissionLimits {
  /** The largest message, as it comes in. Default 25 MiB. */
  readonly maxBytes: number;
  /** Default 1000. The ticket's 48 KiB may allow fewer. */
  readonly maxRecipients: number;
  /** Above this the body goes to BODIES in chunks. Default 512 KiB. */
  readonly inlineBytes: number;
  /** The largest header block. Default 256 KiB. */
  readonly maxHeaderBytes: number;
  /** While this much waits for storage, new mail is refused with AWAY. Default 64 MiB. */
  readonly maxPendingBytes: number;
}

export const defaultLimits: SubmissionLimits = {
  maxBytes: 25 * 1024 * 1024,
  maxRecipients: 1000,
  inlineBytes: 512 * 1024,
  maxHeaderBytes: 256 * 1024,
  maxPendingBytes: 64 * 1024 * 1024,
};
