import { contentPolicy, findPicture, renderHtml, wantsRemoteImages } from './rendering.ts';
import { sendDownload } from './download.ts';
import type { Feed } from './feed.ts';
import type { CaughtMail, Mailbox } from './mailbox.ts';
import type { Library } from './reading/library.ts';
import type { Reading } from './reading/parse.ts';
import { answerJson, positive, refuse, refuseUnknownMail } from './reply.ts';
import type { Exchange, Route } from './route.ts';
import { matches, parseQuery } from './search.ts';
import type { Envelope, MailPage, MailView } from './shapes.ts';

export interface MailParts {
  readonly mailbox: Mailbox;
  readonly library: Library;
  readonly changes: Feed;
}

type Opened = Exchange & { readonly caught: CaughtMail; readonly reading: Reading };

/** What the page reads. */
export function mailRoutes(parts: MailParts): readonly Route[] {
  const { mailbox, library, changes } = parts;
  const withMail = (use: (caught: CaughtMail, exchange: Exchange) => void | Promise<void>) => (exchange: Exchange) => {
    const caught = mailbox.get(exchange.part('id'));
    return caught === undefined ? refuseUnknownMail(exchange.response, exchange.part('id')) : use(caught, exchange);
  };
  const opened = (use: (opened: Opened) => void) =>
    withMail(async (caught, exchange) => {
      const answer = await library.read(caught);
      if (answer.kind === 'read') return use({ ...exchange, caught, reading: answer.reading });
      refuse(exchange.response, 422, { message: `the mail cannot be shown: ${answer.reason}`, hint: 'look at its source' });
    });
  return [
    { path: '/api/mails', methods: { GET: (exchange) => answerList(parts, exchange) } },
    {
      path: '/api/mails/:id',
      methods: { GET: withMail(async (caught, { response }) => answerJson(response, 200, await viewMail(library, caught))) },
    },
    { path: '/api/mails/:id/html', methods: { GET: opened(answerHtml) } },
    { path: '/api/mails/:id/source', methods: { GET: withMail(answerSource) } },
    { path: '/api/mails/:id/inline/:contentId', methods: { GET: opened(answerPicture) } },
    { path: '/api/mails/:id/attachments/:number', methods: { GET: opened(answerAttachment) } },
    { path: '/api/changes', methods: { GET: ({ request, response }) => changes.serve(request, response) } },
  ];
}

async function answerList({ mailbox, library }: MailParts, { response, url }: Exchange): Promise<void> {
  const limit = Math.min(positive(url.searchParams.get('limit')) ?? 100, 1000);
  const words = parseQuery(url.searchParams.get('query') ?? '');
  const all = mailbox.newest(0, Infinity);
  const found: CaughtMail[] = [];
  for (const caught of words.length === 0 ? [] : all) {
    // Nobody waits for the answer any more: the next letter of the query has been typed.
    if (response.destroyed) return;
    if (await matches(words, caught, library)) found.push(caught);
  }
  const mails = words.length === 0 ? all : found;
  const page: MailPage = { total: mails.length, mails: await Promise.all(mails.slice(0, limit).map((caught) => library.summary(caught))) };
  answerJson(response, 200, page);
}

/** Longer text is cut on the page; the source has all of it. */
const maxTextCharacters = 512 * 1024;

async function viewMail(library: Library, caught: CaughtMail): Promise<MailView> {
  const [summary, answer] = await Promise.all([library.summary(caught), library.read(caught)]);
  const { headers, text, html, attachments } = answer.kind === 'read' ? answer.reading : { headers: [], text: '', html: '', attachments: [] };
  return {
    summary,
    envelope: envelopeOf(caught),
    headers,
    text: text.slice(0, maxTextCharacters),
    textCut: text.length > maxTextCharacters,
    hasHtml: html !== '',
    wantsRemoteImages: wantsRemoteImages(html),
    attachments: attachments.map(({ name, type, content }, number) => ({ number, name, type, bytes: content.byteLength })),
    fault: answer.kind === 'read' ? '' : answer.reason,
  };
}

function envelopeOf({ mail }: CaughtMail): Envelope {
  const { helo, from, to, secured, user = '', replyLost } = mail;
  return { helo, from: from.address, to: to.map((path) => path.address), secured, user, replyLost };
}

function answerHtml({ request, response, url, caught, reading }: Opened): void {
  const folder = `http://${request.headers.host}/api/mails/${encodeURIComponent(caught.id)}/inline/`;
  response.setHeader('content-security-policy', contentPolicy(folder, url.searchParams.get('images') === 'remote'));
  response.setHeader('x-dns-prefetch-control', 'off');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(renderHtml(reading.html, folder));
}

function answerSource({ mail }: CaughtMail, { response }: Exchange): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': mail.raw.length }).end(mail.raw);
}

/** The mail's document has no origin of its own, so that the picture must be open to any; its address cannot be guessed. */
function answerPicture({ response, reading, part }: Opened): void {
  const picture = findPicture(reading, part('contentId'));
  if (picture === undefined) return refuse(response, 404, { message: `the mail has no picture ${part('contentId')}`, hint: 'SVG is not shown' });
  response.setHeader('cross-origin-resource-policy', 'cross-origin');
  response.writeHead(200, { 'content-type': picture.type, 'content-length': picture.content.byteLength }).end(new Uint8Array(picture.content));
}

function answerAttachment({ response, reading, part }: Opened): void {
  const attachment = /^\d+$/.test(part('number')) ? reading.attachments[Number(part('number'))] : undefined;
  if (attachment === undefined)
    return refuse(response, 404, { message: `the mail has no attachment ${part('number')}`, hint: 'they are counted from 0' });
  const { name, type, content } = attachment;
  sendDownload(response, { name: name === '' ? `attachment-${part('number')}` : name, type, bytes: new Uint8Array(content) });
}
