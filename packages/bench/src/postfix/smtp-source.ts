import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sharedNow } from '../shared-time.ts';

/** Goes by a route of its own, to postfix's sink. */
export const bulkDomain = 'bulk.example';

export interface SourceOrder {
  readonly program: string;
  readonly port: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  readonly mails: number;
  readonly forMs: number;
}

export interface SourceResult {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly accepted: number;
}

/** What its headers take of the size that is asked for: -l counts only what follows them. */
const headBytes = 256;
const portionMs = 1_000;

/** smtp-source can only count. So it runs in portions of about a second, until the time is over or all are sent. */
export async function runSmtpSource(order: SourceOrder): Promise<SourceResult> {
  const startedAt = sharedNow();
  let accepted = 0;
  let portion = order.sessions * 10;
  while (accepted < order.mails && sharedNow() - startedAt < order.forMs) {
    const mails = Math.min(portion, order.mails - accepted);
    await sendPortion(order, mails);
    accepted += mails;
    portion = Math.max(Math.ceil((accepted * portionMs) / (sharedNow() - startedAt)), order.sessions);
  }
  return { startedAt, endedAt: sharedNow(), accepted };
}

/** Connections are kept within a portion; the first reply that is not positive ends it. */
async function sendPortion({ program, port, sessions, sizeBytes }: SourceOrder, mails: number): Promise<void> {
  const counts = ['-s', String(sessions), '-l', String(Math.max(sizeBytes - headBytes, 1)), '-m', String(mails)];
  const child = spawn(program, ['-d', ...counts, '-f', `load@${bulkDomain}`, '-t', `mail@${bulkDomain}`, `127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`smtp-source ended with ${signal ?? `code ${code}`}: ${complaint.trim()}`);
}
