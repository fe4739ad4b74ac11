import type { MessagePort } from 'node:worker_threads';
import { describeError } from '@posthaste/telemetry';
import { parseMail, type Reading } from './parse.ts';

export type Answer = { readonly kind: 'read'; readonly reading: Reading } | { readonly kind: 'unreadable'; readonly reason: string };

/** The thread's side of a Reader: takes mails, one at a time, and answers each. */
export function serveReadings(port: MessagePort): void {
  port.on('message', (raw: Uint8Array) => {
    void read(raw).then((answer) => {
      const contents = answer.kind === 'read' ? answer.reading.attachments.map(({ content }) => content) : [];
      port.postMessage(answer, contents);
    });
  });
}

async function read(raw: Uint8Array): Promise<Answer> {
  try {
    return { kind: 'read', reading: await parseMail(raw) };
  } catch (error) {
    return { kind: 'unreadable', reason: `it cannot be taken apart: ${describeError(error)}` };
  }
}
