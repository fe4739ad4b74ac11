/** The worker: takes jobs and sends them by nodemailer's pool. */
import { serveRemote } from '../../remote.ts';
import { type BullMail, loadLibraries, queueName } from './library.ts';

export interface WorkerOrder {
  readonly installed: string;
  readonly redisPort: number;
  readonly upstreamPort: number;
  readonly connections: number;
}

async function work({ installed, redisPort, upstreamPort, connections }: WorkerOrder): Promise<void> {
  const { bullmq, nodemailer } = loadLibraries(installed);
  const pool = { pool: true, maxConnections: connections, maxMessages: Number.POSITIVE_INFINITY };
  const transport = nodemailer.createTransport({ ...pool, host: '127.0.0.1', port: upstreamPort, secure: false, ignoreTLS: true });
  const worker = new bullmq.Worker(queueName, async ({ data }) => void (await transport.sendMail(mailOf(data))), {
    connection: { host: '127.0.0.1', port: redisPort },
    // Some wait for a connection, so that none is ever idle.
    concurrency: 2 * connections,
  });
  worker.on('failed', (_job, error) => process.stderr.write(`bullmq worker: ${error.message}\n`));
  await worker.waitUntilReady();
}

function mailOf(mail: BullMail): object {
  if (mail.kind === 'raw') return { envelope: { from: mail.from, to: [mail.to] }, raw: mail.raw };
  const { from, to, subject, text, html } = mail;
  return { from, to, subject, text, html };
}

const methods = { work };

export type WorkerMethods = typeof methods;

serveRemote(methods);
