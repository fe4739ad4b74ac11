import nodemailer from 'nodemailer';

/** What an application does without a queue: builds the mail and hands it to the upstream while its own client waits, over warm connections. */
export function createInRequest(upstreamPort: number, connections: number): { send(): Promise<unknown>; close(): void } {
  const pool = { pool: true, maxConnections: connections, maxMessages: Number.POSITIVE_INFINITY } as const;
  const transport = nodemailer.createTransport({ ...pool, host: '127.0.0.1', port: upstreamPort, secure: false, ignoreTLS: true });
  let number = 0;
  return {
    send: () => transport.sendMail({ from: 'app@bench.example', to: `${(number += 1)}@bench.example`, ...content }),
    close: () => transport.close(),
  };
}

const paragraph = 'Your order has been received and will be on its way to you soon. ';

/** About 10 KiB. */
export const content = {
  subject: 'Your order',
  text: paragraph.repeat(75),
  html: `<html><body>${`<p>${paragraph}</p>`.repeat(75)}</body></html>`,
};
