import type { ServerResponse } from 'node:http';

/** What was wrong, and what to do. */
export interface Refusal {
  readonly message: string;
  readonly faults?: readonly unknown[];
  readonly hint: string;
}

/** For everything that is not made to be looked at by itself: runs nothing, and no other site may embed it. */
const guardingHeaders = {
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Set before anything else; what is shown in a browser loosens them for itself. */
export function setGuardingHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(guardingHeaders)) response.setHeader(name, value);
}

export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(`${JSON.stringify(value, null, 2)}\n`);
}

export function refuse(response: ServerResponse, status: number, error: Refusal): void {
  answerJson(response, status, { error });
}

export function refuseUnknownMail(response: ServerResponse, id: string): void {
  refuse(response, 404, { message: `no mail has the id ${id}`, hint: 'it may have been deleted, or the oldest went when a limit was passed' });
}

/** A number from a query; undefined when it is none. */
export function positive(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}
