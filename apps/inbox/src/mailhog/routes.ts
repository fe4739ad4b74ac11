import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sendDownload } from '../download.ts';
import type { Feed } from '../feed.ts';
import type { CaughtMail, Mailbox } from '../mailbox.ts';
import { answerJson, positive, refuse, refuseUnknownMail } from '../reply.ts';
import type { Exchange, Route } from '../route.ts';
import { mailHogParts, toMailHog, type MailHogContent } from './message.ts';
import { kinds, searchMails, type Kind } from './search.ts';

export interface MailHogParts {
  readonly mailbox: Mailbox;
  readonly arrivals: Feed;
  readonly hostname: string;
}

/** MailHog's API, versions 1 and 2. Where MailHog answers 200 with null, or 500, for a mail that it has not, this answers 404. */
export function mailHogRoutes(parts: MailHogParts): readonly Route[] {
  const { mailbox, arrivals } = parts;
  const withMail = (use: (caught: CaughtMail, exchange: Exchange) => void | Promise<void>) => (exchange: Exchange) => {
    const caught = mailbox.get(exchange.part('id'));
    return caught === undefined ? refuseUnknownMail(exchange.response, exchange.part('id')) : use(caught, exchange);
  };
  return [
    { path: '/api/v1/messages', methods: { GET: ({ response }) => answerAll(parts, response), DELETE: ({ response }) => clear(mailbox, response) } },
    {
      path: '/api/v1/messages/:id',
      methods: {
        GET: withMail((caught, { response }) => sendPieces(response, [JSON.stringify(toMailHog(caught, parts.hostname))])),
        DELETE: withMail(({ id }, { response }) => {
          mailbox.remove(id);
          response.end();
        }),
      },
    },
    { path: '/api/v1/messages/:id/download', methods: { GET: withMail(downloadMail) } },
    { path: '/api/v1/messages/:id/mime/part/:part/download', methods: { GET: withMail(downloadPart) } },
    { path: '/api/v1/messages/:id/release', methods: { POST: ({ response }) => refuse(response, 501, noRelease) } },
    { path: '/api/v1/events', methods: { GET: ({ request, response }) => arrivals.serve(request, response) } },
    { path: '/api/v2/messages', methods: { GET: (exchange) => answerPage(parts, exchange, mailbox.newest(0, Infinity)) } },
    { path: '/api/v2/search', methods: { GET: (exchange) => answerSearch(parts, exchange) } },
    { path: '/api/v2/jim', methods: { GET: refuseJim, POST: refuseJim, PUT: refuseJim, DELETE: refuseJim } },
    { path: '/api/v2/outgoing-smtp', methods: { GET: ({ response }) => answerJson(response, 200, {}) } },
  ];
}

const noRelease = { message: 'release is not supported: no mail ever leaves the inbox', hint: 'download the mail and send it with a client' };

/** Jim errs by chance, so that a test passes now and then; a script errs the same way each time. */
function refuseJim({ response }: Exchange): void {
  refuse(response, 404, { message: 'Jim does not live here', hint: 'PUT a script to /api/chaos: it misbehaves as you say, not by chance' });
}

const maxListed = 1000;

function answerAll({ mailbox, hostname }: MailHogParts, response: ServerResponse): Promise<void> {
  return sendPieces(response, listJson(mailbox.newest(0, maxListed), hostname));
}

function clear(mailbox: Mailbox, response: ServerResponse): void {
  mailbox.clear();
  response.end();
}

function downloadMail({ id, mail }: CaughtMail, { response }: Exchange): void {
  sendDownload(response, { name: `${id}.eml`, type: 'message/rfc822', bytes: mail.raw });
}

/** Its headers are not copied into the answer, as MailHog does it: they are a stranger's. */
function downloadPart(caught: CaughtMail, { response, part: partOf }: Exchange): void {
  const number = partOf('part');
  const part = /^\d+$/.test(number) ? mailHogParts(caught)[Number(number)] : undefined;
  if (part === undefined) return refuse(response, 404, { message: `the mail has no part ${number}`, hint: 'parts are counted from 0' });
  const type = firstHeader(part, 'content-type').split(';', 1).join().trim();
  sendDownload(response, { name: `${caught.id}-part-${number}`, type, bytes: decodePart(part) });
}

function decodePart(part: MailHogContent): Buffer {
  const encoding = firstHeader(part, 'content-transfer-encoding').trim().toLowerCase();
  return Buffer.from(part.Body, encoding === 'base64' ? 'base64' : 'latin1');
}

function firstHeader(part: MailHogContent, name: string): string {
  const [, values] = Object.entries(part.Headers).find(([key]) => key.toLowerCase() === name) ?? [];
  return values?.[0] ?? '';
}

async function answerSearch(parts: MailHogParts, exchange: Exchange): Promise<void> {
  const { searchParams } = exchange.url;
  const kind = searchParams.get('kind') ?? '';
  const query = searchParams.get('query') ?? '';
  if (!isKind(kind) || query === '') {
    return refuse(exchange.response, 400, {
      message: `cannot search for kind "${kind}", query "${query}"`,
      hint: `kind is ${kinds.join(', ')}; query is some text`,
    });
  }
  await answerPage(parts, exchange, await searchMails(parts.mailbox.newest(0, Infinity), kind, query));
}

function isKind(text: string): text is Kind {
  return (kinds as readonly string[]).includes(text);
}

/** MailHog's defaults and limits; what it cannot read as a number it passes over. */
function answerPage({ hostname }: MailHogParts, { response, url }: Exchange, mails: readonly CaughtMail[]): Promise<void> {
  const start = positive(url.searchParams.get('start')) ?? 0;
  const limit = Math.min(positive(url.searchParams.get('limit')) ?? 50, 250);
  return sendPieces(response, pageJson(mails, start, limit, hostname));
}

function sendPieces(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  return pipeline(Readable.from(pieces), response);
}

function* pageJson(mails: readonly CaughtMail[], start: number, limit: number, hostname: string): Generator<string> {
  const page = mails.slice(start, start + limit);
  yield `{"total":${mails.length},"count":${page.length},"start":${start},"items":`;
  yield* listJson(page, hostname);
  yield '}\n';
}

/** Piece by piece: many large mails at once would be more than one string can hold. */
function* listJson(mails: readonly CaughtMail[], hostname: string): Generator<string> {
  yield '[';
  for (const [index, caught] of mails.entries()) yield `${index === 0 ? '' : ','}${JSON.stringify(toMailHog(caught, hostname))}`;
  yield ']';
}
