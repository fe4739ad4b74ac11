import { cors } from '@connectrpc/connect';
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';

/** Of the REST bindings; the protocols themselves do without. */
const ownMethods = ['DELETE'];
/** What browsers may send and see beside the headers of the protocols themselves. */
const ownRequestHeaders = ['Authorization', 'Idempotency-Key', 'Last-Event-ID', 'traceparent', 'tracestate'];
const ownResponseHeaders = ['Idempotency-Replayed', 'Location', 'Retry-After'];
/** Browsers keep an answer no longer than this. */
const keptForSeconds = 7_200;

export interface CrossOrigin {
  /** The answer to a browser that asks before it calls; undefined when this is no such question. */
  preflight(request: UniversalServerRequest): UniversalServerResponse | undefined;
  /** Lets the page see the response, if it may. */
  mark(request: UniversalServerRequest, response: UniversalServerResponse): UniversalServerResponse;
}

/** Cross-origin calls (https://fetch.spec.whatwg.org/#http-cors-protocol). No cookies: they say nothing here. */
export function createCrossOrigin(origins: readonly string[]): CrossOrigin {
  const all = origins.includes('*');
  const allowed = new Set(origins);
  const allow = (header: Headers, origin: string | null): Headers => {
    if (!all) header.append('vary', 'Origin');
    if (origin !== null && (all || allowed.has(origin))) header.set('access-control-allow-origin', all ? '*' : origin);
    return header;
  };
  return {
    preflight({ method, header }) {
      if (origins.length === 0 || method !== 'OPTIONS' || !header.has('access-control-request-method')) return undefined;
      return { status: 204, header: withPermission(allow(new Headers(), header.get('origin'))) };
    },
    mark({ header }, response) {
      if (origins.length === 0) return response;
      const marked = allow(new Headers(response.header), header.get('origin'));
      marked.set('access-control-expose-headers', [...cors.exposedHeaders, ...ownResponseHeaders].join(', '));
      return { ...response, header: marked };
    },
  };
}

function withPermission(header: Headers): Headers {
  if (!header.has('access-control-allow-origin')) return header;
  header.set('access-control-allow-methods', [...cors.allowedMethods, ...ownMethods].join(', '));
  header.set('access-control-allow-headers', [...cors.allowedHeaders, ...ownRequestHeaders].join(', '));
  header.set('access-control-max-age', String(keptForSeconds));
  return header;
}
