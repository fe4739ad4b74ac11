import type { Transport } from '@connectrpc/connect';

/** How calls travel, and how that ends. */
export interface Link {
  readonly transport: Transport;
  /** Ends the connection, and calls on it with it. */
  close(): void;
}
