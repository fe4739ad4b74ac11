import { createServer as createHttp1, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import { Server as TcpServer, type AddressInfo } from 'node:net';
import type { Address } from '@posthaste/config';
import { divideConnections } from '@posthaste/protocol/clear-text';

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;
export type RequestHandler = (request: NodeRequest, response: NodeResponse) => void;

export interface ListenerOptions {
  /** How long a request may take to arrive. It is refused then by who answers it; a connection that still sends after that is closed. */
  readonly requestTimeoutMs: number;
  /** A connection on which nothing happens is closed. */
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
}

export interface Listener {
  /** Resolves to where it listens: the port that was given, or the one that was found for 0. */
  listen(address: Address): Promise<Address>;
  /** Takes no more connections, lets the requests in hand finish, and after `graceMs` ends what is left. */
  close(graceMs: number): Promise<void>;
}

const headersTimeoutMs = 10_000;
/** For the rest of a request that was refused before its end. */
const lingerMs = 5_000;
/** Streams of one HTTP/2 connection; gRPC clients open another connection above that. */
const maxConcurrentStreams = 250;

/**
 * HTTP/1.1 and clear-text HTTP/2 on one port. The HTTP/1.1 server owns the listener, for its timeouts only work for connections that it has accepted
 * itself; a connection that begins with the HTTP/2 preface is handed to the other.
 */
export function createListener(handler: RequestHandler, { requestTimeoutMs, idleTimeoutMs, maxConnections }: ListenerOptions): Listener {
  const http1 = createHttp1(
    {
      requestTimeout: requestTimeoutMs + lingerMs,
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs + lingerMs),
      keepAliveTimeout: idleTimeoutMs,
    },
    ((request: NodeRequest, response: NodeResponse) => {
      // A connection whose last answer is on its way is kept by its client, and only we know that nothing more will be answered.
      response.once('finish', () => closing && closeIdle());
      handler(request, response);
    }) as RequestListener,
  );
  /** A response that ended in this turn is written at the end of it: until then its connection would be taken for idle, and cut. */
  const closeIdle = () => void setImmediate(() => http1.closeIdleConnections());
  let closing = false;
  const http2 = createHttp2({ settings: { maxConcurrentStreams } }, handler);
  const sessions = new Set<ServerHttp2Session>();
  http1.maxConnections = maxConnections;
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setTimeout(idleTimeoutMs, () => session.close());
  });
  const sockets = divideConnections(http1, http2);

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        http1.once('error', reject);
        http1.listen(port, host, () => resolve({ host, port: (http1.address() as AddressInfo).port }));
      }),
    close: (graceMs) =>
      new Promise((resolve) => {
        const force = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs);
        closing = true;
        // Not HTTP's own, which cuts idle connections at once.
        TcpServer.prototype.close.call(http1, () => {
          clearTimeout(force);
          resolve();
        });
        closeIdle();
        for (const session of sessions) session.close();
      }),
  };
}
