import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Sink } from '@posthaste/sink';
import { describeError, type Log } from '@posthaste/telemetry';
import { chaosRoutes } from './chaos.ts';
import { findIntrusion } from './guard.ts';
import { mailHogRoutes, type MailHogParts } from './mailhog/routes.ts';
import { mailRoutes, type MailParts } from './mail-routes.ts';
import { pageRoutes } from './page-routes.ts';
import { answerJson, answerText, refuse, setGuardingHeaders } from './reply.ts';
import { createRouter, type Route } from './route.ts';
import type { InboxStatus } from './shapes.ts';

export interface HttpParts extends MailHogParts, MailParts {
  readonly sink: Sink;
  readonly log: Log;
  readonly allowedHosts: readonly string[];
  /** host:port of SMTP. */
  smtp(): string;
  scriptChanged(): void;
}

/** Builds the HTTP side: the page, what was caught, and how SMTP misbehaves. Does not listen. */
export function createHttpServer(parts: HttpParts): Server {
  const router = createRouter([
    ...pageRoutes(),
    ...mailRoutes(parts),
    ...mailHogRoutes(parts),
    ...chaosRoutes(parts.sink, parts.scriptChanged),
    ...healthRoutes(parts),
  ]);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    setGuardingHeaders(response);
    const intrusion = findIntrusion(request, parts.allowedHosts);
    if (intrusion !== undefined) return refuse(response, 403, intrusion);
    await router(request, response);
  };
  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      parts.log.warn('an answer broke off', { reason: describeError(error) });
      response.destroy();
    });
  });
}

function healthRoutes(parts: HttpParts): readonly Route[] {
  return [
    { path: '/api/status', methods: { GET: ({ response }) => answerJson(response, 200, statusOf(parts)) } },
    { path: '/healthz', methods: { GET: ({ response }) => answerText(response, 200, 'ok\n') } },
    {
      path: '/readyz',
      methods: {
        GET: ({ response }) => (parts.sink.listening() ? answerText(response, 200, 'ready\n') : answerText(response, 503, 'not ready\n')),
      },
    },
  ];
}

function statusOf({ sink, mailbox, smtp }: HttpParts): InboxStatus {
  const script = sink.script();
  return {
    smtp: smtp(),
    mails: mailbox.count,
    bytes: mailbox.bytes,
    ...mailbox.limits,
    rules: script.rules?.length ?? 0,
    wellBehaved: Object.keys(script).length === 0,
    connections: sink.counts().connections,
  };
}
