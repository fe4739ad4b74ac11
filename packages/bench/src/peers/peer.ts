/** Another system that takes mail and passes it on, set up as its users would for this work. */
export interface Peer {
  readonly name: string;
  /** What has happened when a mail's positive reply comes: rates can only be compared beside it. */
  readonly promise: string;
  /** Installs what it needs into `folder`, which is kept. Throws an Error that says what is missing. */
  prepare(folder: string): Promise<void>;
  /** Starts it in an empty folder, delivering to 127.0.0.1:`upstreamPort`. */
  start(options: PeerOptions): Promise<RunningPeer>;
}

export interface PeerOptions {
  /** What `prepare` filled. */
  readonly installed: string;
  readonly folder: string;
  readonly upstreamPort: number;
  /** Postfix's smtp-source, for those that take SMTP. */
  readonly smtpSource: string;
}

export interface RunningPeer {
  /** Hands in so many mails of the size, with so many clients at work; resolves when all were accepted. */
  send(order: PeerOrder): Promise<Sent>;
  stop(): Promise<void>;
}

export interface PeerOrder {
  readonly mails: number;
  readonly sizeBytes: number;
  readonly sessions: number;
}

/** In `sharedNow`. */
export interface Sent {
  readonly startedAt: number;
  readonly endedAt: number;
}
