/** The application: puts mails into the queue, a few in one call, as many calls at a time as there are sessions. */
import { serveRemote } from '../../remote.ts';
import { sharedNow } from '../../shared-time.ts';
import type { PeerOrder, Sent } from '../peer.ts';
import { type BullMail, loadLibraries, queueName } from './library.ts';

export interface ProducerOrder extends PeerOrder {
  readonly installed: string;
  readonly redisPort: number;
  readonly kind: BullMail['kind'];
}

const mailsInACall = 20;
const jobOptions = { removeOnComplete: true, attempts: 4, backoff: { type: 'exponential', delay: 1000 } };

async function produce({ installed, redisPort, kind, mails, sizeBytes, sessions }: ProducerOrder): Promise<Sent> {
  const { Queue } = loadLibraries(installed).bullmq;
  const queue = new Queue(queueName, { connection: { host: '127.0.0.1', port: redisPort } });
  const startedAt = sharedNow();
  let left = mails;
  const work = async (): Promise<void> => {
    while (left > 0) {
      const count = Math.min(mailsInACall, left);
      left -= count;
      await queue.addBulk(Array.from({ length: count }, () => ({ name: 'send', data: mailOf(kind, sizeBytes), opts: jobOptions })));
    }
  };
  await Promise.all(Array.from({ length: sessions }, work));
  const endedAt = sharedNow();
  await queue.close();
  return { startedAt, endedAt };
}

function mailOf(kind: BullMail['kind'], sizeBytes: number): BullMail {
  const address = { from: 'load@bench.example', to: 'mail@bench.example' };
  const line = `${'x'.repeat(76)}\r\n`;
  const body = line.repeat(Math.max(Math.floor(sizeBytes / line.length), 1));
  if (kind === 'built')
    return { kind, ...address, subject: 'A mail', text: body.slice(0, body.length / 2), html: `<p>${body.slice(body.length / 2)}</p>` };
  return {
    kind,
    ...address,
    raw: `From: <${address.from}>\r\nTo: <${address.to}>\r\nSubject: A mail\r\nMessage-ID: <a@bench.example>\r\n\r\n${body}`,
  };
}

const methods = { produce };

export type ProducerMethods = typeof methods;

serveRemote(methods);
