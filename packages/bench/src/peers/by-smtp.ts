import { runSmtpSource } from '../postfix/smtp-source.ts';
import type { PeerOrder, Sent } from './peer.ts';

const noEndMs = Number.POSITIVE_INFINITY;

/** The same client for all that take SMTP. */
export async function sendBySmtp(program: string, port: number, order: PeerOrder): Promise<Sent> {
  const { startedAt, endedAt } = await runSmtpSource({ ...order, program, port, forMs: noEndMs });
  return { startedAt, endedAt };
}
