/** One address of an envelope with its ESMTP parameters. */
export interface Path {
  /** What stood between < and >; empty for the null sender. */
  readonly address: string;
  /** Keyword in capitals to value as it came (xtext stays encoded); a keyword without a value has ''. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A mail that the sink has taken. */
export interface Mail {
  /** 1, 2, 3, ... in the order of the final dots; the reply says `queued as <number>`. */
  readonly number: number;
  /** Which connection it came over, counted from 1. */
  readonly connection: number;
  readonly helo: string;
  /** Whether it came over TLS. */
  readonly secured: boolean;
  /** Who had logged in, when the sink asks for a login. */
  readonly user?: string;
  readonly from: Path;
  /** The recipients that were accepted. */
  readonly to: readonly Path[];
  /** The bytes between DATA's reply and the final dot, unchanged but for the removed dot-stuffing. */
  readonly raw: Buffer;
  /** Wall clock, ms. */
  readonly receivedAt: number;
  /** True when the script drops the connection instead of the final reply: the client cannot know that this mail was taken. */
  readonly replyLost: boolean;
}
