import { createServer, type Server } from 'node:http';
import { metricsRegistry } from './metrics.ts';

export interface AdminOptions {
  /** True when this program can do its work: what `/readyz` answers by 200 or 503. */
  readonly ready: () => boolean;
}

/**
 * The admin port of a program: `/metrics` (Prometheus text), `/healthz` (200 while the process runs), `/readyz` (200 or 503).
 * Builds without listening.
 */
export function createAdminServer(options: AdminOptions): Server {
  return createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(text);
    if (request.url === '/healthz') answer(200, 'ok\n');
    else if (request.url === '/readyz' && options.ready()) answer(200, 'ready\n');
    else if (request.url === '/readyz') answer(503, 'not ready\n');
    else if (request.url === '/metrics') {
      metricsRegistry.metrics().then(
        (text) => answer(200, text, metricsRegistry.contentType),
        (error: unknown) => answer(500, `${String(error)}\n`),
      );
    } else answer(404, 'not found: try /metrics, /healthz or /readyz\n');
  });
}
