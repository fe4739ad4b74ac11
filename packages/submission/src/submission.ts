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

/** What the submitter says beside the message. Each wins over the control header of the same meaning. */
export interface Wishes {
  readonly lane?: Lane;
  /** Milliseconds since the epoch; what has passed means now. */
  readonly due?: number;
  /** From `due`, or else from acceptance, until it is useless. */
  readonly ttlMs?: number;
  /** Milliseconds since the epoch; wins over `ttlMs`. */
  readonly deadline?: number;
  readonly tags?: Readonly<Record<string, string>>;
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
  readonly wishes?: Wishes;
  /** For a message that does not say it itself: its own headers win; the default tags stand beside its own of other names. */
  readonly defaults?: Pick<Wishes, 'lane' | 'tags'>;
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
  readonly lane: Lane;
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
