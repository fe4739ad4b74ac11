import type { Acceptance, Cover, Door, Protocol } from '@posthaste/submission';
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server';

/**
 * Reads a message and hands it over. Resolves when the mail is stored, rejects with a SubmissionError; never settles when the client goes
 * away before the end: there is nobody to tell.
 *
 * @param onEnd called with the last byte
 */
export function receive(
  door: Door,
  about: Omit<Cover, 'client' | 'submitter' | 'protocol'>,
  session: SMTPServerSession,
  stream: SMTPServerDataStream,
  onEnd: () => void,
): Promise<Acceptance> {
  const client = { address: session.remoteAddress, ...(session.hostNameAppearsAs && { helo: session.hostNameAppearsAs }) };
  const submitter = session.user ? `user ${session.user}` : session.remoteAddress;
  const intake = door.begin({ ...about, client, submitter, protocol: session.transmissionType as Protocol });
  return new Promise((resolve, reject) => {
    stream.on('data', (bytes: Buffer) => {
      const room = intake.write(bytes);
      if (!room) return;
      stream.pause();
      void room.then(() => stream.resume());
    });
    stream.once('error', () => intake.abort());
    stream.once('end', () => {
      onEnd();
      door.finish(intake).then(resolve, reject);
    });
  });
}
