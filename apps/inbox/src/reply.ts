import type { ServerResponse } from 'node:http';

/** What was wrong, and what to do. */
export interface Refusal {
  readonly message: string;
  readonly faults?: readonly string[];
  readonly hint: string;
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
