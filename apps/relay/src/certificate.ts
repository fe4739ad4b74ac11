import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock, Log } from '@posthaste/telemetry';
import { LiveFile } from './live-file.ts';
import { certificateExpires } from './metrics.ts';

/** A certificate with its chain and its key, both PEM, that belong together. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

/** Rejects with a sentence that names the file. */
export async function readCertificate({ certPath, keyPath }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
  const certificate = parsed(() => new X509Certificate(cert), `${certPath} holds no certificate in PEM`);
  const privateKey = parsed(() => createPrivateKey(key), `${keyPath} holds no private key in PEM, or one that needs a passphrase`);
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`the key in ${keyPath} does not belong to the certificate in ${certPath}`);
  parsed(() => createSecureContext({ cert, key }), `TLS cannot be spoken with ${certPath} and ${keyPath}`);
  return { cert, key, expiresAt: certificate.validToDate.getTime() };
}

function parsed<T>(parse: () => T, sentence: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(sentence, { cause });
  }
}

/** The certificate in force, always a pair that works: files that are half replaced leave the one before in force. */
export async function openCertificate(files: CertificateFiles, clock: Clock, log: Log, intervalMs?: number): Promise<LiveFile<Certificate>> {
  const { certPath, keyPath } = files;
  const read = () => readCertificate(files);
  const live = await LiveFile.open({ name: 'certificate', paths: [certPath, keyPath], read, clock, log, ...(intervalMs && { intervalMs }) });
  const tell = ({ expiresAt }: Certificate): void => {
    certificateExpires.set(Math.round(expiresAt / 1000));
    const fields = { file: certPath, expires: new Date(expiresAt).toISOString() };
    if (expiresAt > clock.now()) log.info('certificate in force', fields);
    else log.error('the certificate in force has expired', fields);
  };
  tell(live.current);
  live.onChange(tell);
  return live;
}
