import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from './reply.ts';

/** One request on its way to an answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What stood in the path at `:name`, decoded. */
  part(name: string): string;
}

type Handler = (exchange: Exchange) => void | Promise<void>;

export interface Route {
  /** `/api/mails/:id` */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<'GET' | 'PUT' | 'POST' | 'DELETE', Handler>>>;
}

/** Hands each request to the route that fits, and says what there is when none does. */
export function createRouter(routes: readonly Route[]): (request: IncomingMessage, response: ServerResponse) => void | Promise<void> {
  const compiled = routes.map((route) => ({ ...route, pattern: new URLPattern({ pathname: route.path }) }));
  return (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://inbox');
    for (const { pattern, methods } of compiled) {
      const parts = url === null ? undefined : pattern.exec({ pathname: url.pathname })?.pathname.groups;
      if (url === null || parts === undefined) continue;
      return answer(methods, { request, response, url, part: (name) => decode(parts[name]) });
    }
    refuse(response, 404, { message: `nothing is at ${request.url}`, hint: `try ${routes.map((route) => route.path).join(', ')}` });
  };
}

function answer(methods: Route['methods'], exchange: Exchange): void | Promise<void> {
  const { request, response, url } = exchange;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = method !== undefined && Object.hasOwn(methods, method) ? methods[method as keyof typeof methods] : undefined;
  if (handler !== undefined) return handler(exchange);
  const possible = Object.keys(methods);
  response.setHeader('allow', possible.join(', '));
  refuse(response, 405, { message: `${request.method} is not possible at ${url.pathname}`, hint: `expected ${possible.join(' or ')}` });
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    // Not percent-encoded as it should be: then that is the name, and nothing has it.
    return part ?? '';
  }
}
