import type { LaneName } from './lane-name.ts';

/**
 * A mail as you hand it over: content fields, from which Posthaste builds the MIME message, or `raw`, which goes as it is.
 * An address is `local@domain`, or in the content fields `Name <local@domain>`.
 */
export interface Mail {
  /** The sender: From header and reverse path. With `raw` the reverse path alone, `<>` being the null sender. */
  readonly from: string;
  /** Recipients in the To header. With `raw` all recipients of the envelope. At least one in `to`, `cc` and `bcc` together, at most 1,000. */
  readonly to?: string | readonly string[];
  /** Recipients in the Cc header. Default: none. */
  readonly cc?: string | readonly string[];
  /** Recipients whom no header names. Default: none. */
  readonly bcc?: string | readonly string[];
  /** Where answers go. Default: to `from`. */
  readonly replyTo?: string | readonly string[];
  /** One line, any Unicode. Default: empty. */
  readonly subject?: string;
  /** The plain text body. At least one of `text`, `html`, `attachments` and `raw` must be given. */
  readonly text?: string;
  /** The HTML body; with `text` too, the reader's program chooses. */
  readonly html?: string;
  /** Further headers by name. Those with a field of their own and `X-Posthaste-*` are refused. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A whole message (RFC 5322) instead of the content fields; a string is sent as UTF-8. */
  readonly raw?: Uint8Array | string;
  /** Files that come along, at most 100. Default: none. */
  readonly attachments?: readonly MailAttachment[];
  /** How a recipient leaves the list. Default: no such header. */
  readonly listUnsubscribe?: UnsubscribeWay;
  /** Not before this time, at most 366 days ahead. Default: now. */
  readonly sendAt?: Date;
  /** How long the mail is useful, in milliseconds or as `90s`, `15m`, `2h`, `3d`; it is never sent later. Excludes `deadline`. Default: for ever. */
  readonly ttl?: number | string;
  /** Until when the mail is useful; it is never sent later. Excludes `ttl`. Default: for ever. */
  readonly deadline?: Date;
  /** How urgent it is. Default: normal. */
  readonly lane?: LaneName;
  /** Your own words about it, at most 32; they come back with its status and are never sent. Default: none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** On whose behalf; tenants share fairly. Letters, digits, `_` and `-`, at most 64. Default: `default`. */
  readonly tenant?: string;
  /**
   * The same key with the same mail within 24 hours is one mail, however often it is handed over. Printable ASCII, at most 255.
   * Default: a random key for this call, so that the client's own retries never make a second mail; the server keeps that one for 15 minutes,
   * or for 24 hours when the client's `timeoutMs` is above 5 minutes.
   */
  readonly idempotencyKey?: string;
}

/** A file that comes with a mail. */
export interface MailAttachment {
  /** Name shown to the reader. Default: none. */
  readonly filename?: string;
  /** The bytes themselves; a string is taken as UTF-8. Excludes `reference`. */
  readonly content?: Uint8Array | string;
  /** What `uploadAttachment` answered, good for 30 minutes. Excludes `content`. */
  readonly reference?: string;
  /** Media type. Default: what the filename's ending says, else `application/octet-stream`. */
  readonly contentType?: string;
  /** What `cid:` in the HTML names, without angle brackets. Default: none, and the file follows the body. */
  readonly contentId?: string;
  /** Whether it is shown in the body or offered for download. Default: `inline` with a `contentId`, else `attachment`. */
  readonly disposition?: 'inline' | 'attachment';
}

/** How a recipient leaves the list: List-Unsubscribe (RFC 2369, RFC 8058). At least one of `url` and `mailto`. */
export interface UnsubscribeWay {
  /** An https address. */
  readonly url?: string;
  /** An address to write to, without `mailto:`. */
  readonly mailto?: string;
  /** Whether a POST to `url` unsubscribes without further questions. Default: false. */
  readonly oneClick?: boolean;
}
