/** Why something waits, was given back, or failed. A closed set; it travels to the operator unchanged. */
export type Reason =
  /** `send_at` lies ahead. */
  | 'SCHEDULED'
  /** The upstream cannot be reached or used; no attempt was spent. */
  | 'UPSTREAM_DOWN'
  /** The upstream answered with a transient reply (4xx), and no more is known than that. */
  | 'UPSTREAM_DEFERRED'
  /** The upstream lets nobody in at the first try (greylisting). */
  | 'UPSTREAM_GREYLISTED'
  /** The upstream says that it is sent too much, or too fast. */
  | 'UPSTREAM_RATE_LIMITED'
  /** The mailbox is full. */
  | 'MAILBOX_FULL'
  /** The upstream answered with a permanent reply (5xx). */
  | 'UPSTREAM_REJECTED'
  /** Deferred as often as the policy allows. */
  | 'RETRIES_EXHAUSTED'
  /** It may have been delivered: the final reply was lost. */
  | 'IN_DOUBT'
  /** Its sender's lease ended before it had begun. */
  | 'SENDER_GONE'
  /** Its sender is shutting down and had not begun. */
  | 'SENDER_DRAINING'
  /** The deadline has passed. */
  | 'EXPIRED'
  /** The stored body could not be read now: our trouble, no attempt was spent. */
  | 'BODY_UNAVAILABLE'
  /** The stored body is damaged or gone. */
  | 'BODY_LOST'
  /** The upstream lacks 8BITMIME (5.6.3, RFC 6152) or SMTPUTF8 (5.6.7, RFC 6531). */
  | 'UPSTREAM_LACKS_EXTENSION'
  /** An operator holds it. */
  | 'HELD_BY_OPERATOR'
  /** A suspension stops it. */
  | 'SUSPENDED_BY_OPERATOR'
  /** An operator withdrew it. */
  | 'CANCELLED_BY_OPERATOR'
  /** Others go first: more urgent lanes, other tenants in their turn, earlier deadlines. */
  | 'QUEUED_BEHIND'
  /** As much is under way to the upstream, or was sent to it lately, as its limits allow. */
  | 'UPSTREAM_LIMIT'
  /** As much is under way to the recipient's domain, or was sent to it lately, as its limits allow. */
  | 'DOMAIN_LIMIT'
  /** No sender is connected that serves the upstream. */
  | 'NO_SENDER'
  /** All senders that serve the upstream hold as many attempts as they can. */
  | 'SENDERS_BUSY'
  /** The senders that are connected have none of the connections that the upstream takes: others have them, or they have yet to be allotted. */
  | 'CONNECTION_LIMIT'
  /** Its batch has not filled, and may wait for more mail (`batch.wait`). */
  | 'BATCH_FILLING';
