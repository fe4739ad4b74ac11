import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { Link } from './link.ts';

/** A connection that nothing is heard on for so long is asked whether it lives; a watch would otherwise wait on a dead one for ever. */
const pingIntervalMs = 20_000;
/** MB. Node breaks a connection off with ENHANCE_YOUR_CALM when more than this waits on it, by default 10: ten mails with attachments. */
const maxSessionMemory = 1_000;

/**
 * gRPC over one HTTP/2 connection, which is opened at the first call and again when it breaks. It does not keep the process alive.
 * Connect's own protocol would cost this side a quarter less (0.30 against 0.39 ms CPU a call), but only gRPC reaches the port that costs the server a third.
 */
export function openLink(baseUrl: string): Link {
  const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs, pingTimeoutMs: 5_000 }, { maxSessionMemory });
  return { transport: createGrpcTransport({ baseUrl, sessionManager }), close: () => sessionManager.abort() };
}
