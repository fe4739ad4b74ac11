import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isFromPage } from '@posthaste/protocol/browser';
import { divideConnections } from '@posthaste/protocol/clear-text';
import { answerHealth } from './grpc-health.ts';
import { metricsRegistry } from './metrics.ts';

export interface AdminOptions {
  /** True when this program can do its work: what `/readyz` answers by 200 or 503, and gRPC health by SERVING or NOT_SERVING. */
  readonly ready: () => boolean;
  /** From when it is aborted the program is not ready any more, whatever `ready` says. Default: never. */
  readonly draining?: AbortSignal;
  /** What this program does beside, by verb and path: `POST /ledger/rebuild`. */
  readonly routes?: Readonly<Record<string, RequestListener>>;
}

export interface AdminServer {
  /** Resolves to the port: the given one, or the one that was found for 0. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** As soon as those who watch have been told NOT_SERVING: nobody else there waits for an answer of importance. */
  close(): Promise<void>;
}

/**
 * The admin port of a program: `/metrics` (Prometheus text), `/healthz` (200 while the process runs), `/readyz` (200 or 503), and gRPC health
 * (grpc.health.v1, clear-text HTTP/2). Builds without listening.
 */
export function createAdminServer({ ready, draining = new AbortController().signal, routes = {} }: AdminOptions): AdminServer {
  const isReady = () => ready() && !draining.aborted;
  const http1 = createServer((request, response) => {
    const route = routes[`${request.method} ${request.url?.split('?', 1)[0]}`];
    if (route && isFromPage(request.headers)) refusePage(response);
    else if (route) route(request, response);
    else answer(request, response, isReady(), Object.keys(routes));
  });
  const http2 = createHttp2();
  http2.on('stream', (stream: ServerHttp2Stream, headers) => answerHealth(stream, headers, { ready, draining }));
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  const sockets = divideConnections(http1, http2);
  return {
    async listen({ host, port }) {
      http1.listen(port, host);
      await once(http1, 'listening');
      return (http1.address() as AddressInfo).port;
    },
    async close() {
      const closed = once(http1, 'close');
      http1.close();
      await Promise.race([Promise.all([...sessions].map(endOf)), delay(lastWordMs, undefined, { ref: false })]);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Any page can make a browser send a POST to this machine. */
function refusePage(response: ServerResponse): void {
  response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end('not for pages in a browser\n');
}

/** For what is on its way to a watcher when the port closes. */
const lastWordMs = 200;

/** When its calls have ended, those that watch for health with their last word. */
async function endOf(session: ServerHttp2Session): Promise<void> {
  const closed = once(session, 'close');
  session.close();
  await closed;
}

function answer(request: IncomingMessage, response: ServerResponse, ready: boolean, routes: readonly string[]): void {
  const say = (status: number, text: string, type = 'text/plain; charset=utf-8') => response.writeHead(status, { 'content-type': type }).end(text);
  switch (request.url) {
    case '/healthz':
      return void say(200, 'ok\n');
    case '/readyz':
      return void (ready ? say(200, 'ready\n') : say(503, 'not ready\n'));
    case '/metrics':
      return void metricsRegistry.metrics().then(
        (text) => say(200, text, metricsRegistry.contentType),
        (error: unknown) => say(500, `${String(error)}\n`),
      );
    default:
      return void say(404, `not found: try ${['/metrics', '/healthz', '/readyz', ...routes].join(', ')}\n`);
  }
}
