import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sink } from '@posthaste/sink';
import { describeError, type Log } from '@posthaste/telemetry';
import { answerChaos } from './chaos.ts';
import type { Mailbox } from './mailbox.ts';
import { toMailHog } from './mailhog.ts';
import { answerJson, answerText, refuse } from './reply.ts';

export interface HttpParts {
  readonly mailbox: Mailbox;
  readonly sink: Sink;
  readonly log: Log;
  readonly hostname: string;
  /** Goes before a mail's number in its ID, so that IDs of another run differ. */
  readonly run: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

/** Builds the HTTP side: what was caught, and how SMTP misbehaves. Does not listen. */
export function createHttpServer(parts: HttpParts): Server {
  const routes = routesOf(parts);
  return createServer((request, response) => {
    answer(routes, request, response).catch((error: unknown) => {
      parts.log.warn('an answer broke off', { reason: describeError(error) });
      response.destroy();
    });
  });
}

function routesOf(parts: HttpParts): Readonly<Record<string, Readonly<Record<string, Handler>>>> {
  return {
    '/': { GET: (_request, response) => answerText(response, 200, pointer) },
    '/healthz': { GET: (_request, response) => answerText(response, 200, 'ok\n') },
    '/readyz': {
      GET: (_request, response) => (parts.sink.listening() ? answerText(response, 200, 'ready\n') : answerText(response, 503, 'not ready\n')),
    },
    '/api/v2/messages': { GET: (_request, response, url) => answerMessages(parts, response, url) },
    '/api/v1/messages': {
      DELETE: (_request, response) => {
        parts.mailbox.clear();
        response.end();
      },
    },
    '/chaos': {
      GET: (_request, response) => answerJson(response, 200, parts.sink.script()),
      PUT: (request, response) => answerChaos(parts.sink, request, response),
    },
  };
}

const pointer = `The inbox catches mail. Its HTTP side:
  GET    /api/v2/messages?start=0&limit=50   the mails, newest first (MailHog's API)
  DELETE /api/v1/messages                    forget them
  GET    /chaos                              the script by which SMTP misbehaves
  PUT    /chaos                              change it; {} behaves well
  GET    /healthz, /readyz
`;

async function answer(routes: ReturnType<typeof routesOf>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://inbox');
  const methods = url !== null && Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
  if (url === null || methods === undefined)
    return refuse(response, 404, { message: `nothing is at ${request.url}`, hint: `try ${Object.keys(routes).join(', ')}` });
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler !== undefined) return handler(request, response, url);
  response.setHeader('allow', Object.keys(methods).join(', '));
  return refuse(response, 405, {
    message: `${request.method} is not possible at ${url.pathname}`,
    hint: `expected ${Object.keys(methods).join(' or ')}`,
  });
}

/** MailHog's defaults and limits; what it cannot read as a number it passes over. */
function answerMessages(parts: HttpParts, response: ServerResponse, url: URL): Promise<void> {
  const start = positive(url.searchParams.get('start')) ?? 0;
  const limit = Math.min(positive(url.searchParams.get('limit')) ?? 50, 250);
  response.setHeader('content-type', 'application/json; charset=utf-8');
  return pipeline(Readable.from(messagesJson(parts, start, limit)), response);
}

function positive(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

/** Piece by piece: 250 large mails at once would be more than one string can hold. */
function* messagesJson({ mailbox, run, hostname }: HttpParts, start: number, limit: number): Generator<string> {
  const page = mailbox.newest(start, limit);
  yield `{"total":${mailbox.count},"count":${page.length},"start":${start},"items":[`;
  for (const [index, mail] of page.entries()) {
    yield `${index === 0 ? '' : ','}${JSON.stringify(toMailHog(mail, `${run}-${mail.number}@${hostname}`, hostname))}`;
  }
  yield ']}\n';
}
