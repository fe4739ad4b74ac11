import type { Socket } from 'node:net';
import type { Reply } from '@posthaste/core';
import { type Clock, describeError } from '@posthaste/telemetry';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { parseReply } from './smtp-reply.ts';
import { SmtpSession } from './smtp-session.ts';
import type { Extensions } from './smtp-transaction.ts';
import { ConnectionLost, SmtpWire } from './smtp-wire.ts';
import type { UpstreamTarget } from './upstream-target.ts';

/** The upstream could not be used: refused, timeout, greeting, TLS, AUTH. Carries what it said, or our words in that form. */
export class UpstreamUnusable extends Error {
  override readonly name = 'UpstreamUnusable';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.text);
    this.reply = reply;
  }
}

export interface OpenOptions {
  readonly clock: Clock;
  /** What we call ourselves in EHLO; by default the machine's name. */
  readonly hostname?: string | undefined;
}

/**
 * Opens a session that is ready for mail. nodemailer does what is intricate: names, addresses of both families, TLS, STARTTLS, AUTH.
 * Then its socket (public by its declaration) is taken over, because its send() has no way to say SMTPUTF8 for an ASCII envelope or
 * NOTIFY and ORCPT a recipient, encodes xtext twice, and cannot tell a body that was handed over from one that was not.
 * Rejects with UpstreamUnusable.
 */
export async function openSession(target: UpstreamTarget, options: OpenOptions): Promise<SmtpSession> {
  const connection = new SMTPConnection(connectionOptions(target, options));
  const socket = await new Promise<Socket>((resolve, reject) => {
    const fail = (error: Error & { readonly response?: string | undefined }) => {
      connection.close();
      reject(new UpstreamUnusable(error.response ? parseReply(error.response) : { code: 0, text: error.message }));
    };
    // Stays attached: the connection object reports the later end of the socket that it no longer uses.
    connection.on('error', fail);
    connection.connect((refused) => {
      if (refused) return fail(refused);
      if (!target.login) return resolve(takeSocket(connection));
      connection.login({ user: target.login.user, pass: target.login.password }, (denied) =>
        denied ? fail(denied) : resolve(takeSocket(connection)),
      );
    });
  });
  const wire = new SmtpWire(socket, { clock: options.clock, timeoutMs: target.timeoutMs });
  return new SmtpSession(wire, await readExtensions(wire, connection.name, target.timeoutMs, options.clock));
}

function connectionOptions(target: UpstreamTarget, options: OpenOptions) {
  const { host, port, tls, timeoutMs } = target;
  return {
    host,
    port,
    secure: tls === 'immediate',
    ignoreTLS: tls === 'none',
    requireTLS: tls === 'required',
    opportunisticTLS: tls === 'opportunistic',
    tls: { rejectUnauthorized: tls !== 'opportunistic' },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    socketCloseTimeout: 0,
    ...(options.hostname === undefined ? {} : { name: options.hostname }),
  };
}

function takeSocket(connection: SMTPConnection): Socket {
  const socket = connection._socket;
  if (!socket) throw new Error('nodemailer reports a connection without a socket: expected SMTPConnection._socket');
  socket.removeAllListeners('data');
  socket.removeAllListeners('timeout');
  socket.setTimeout(0);
  return socket;
}

/** A second EHLO, once a connection: it may be repeated at any time (RFC 5321, 4.1.4), and after TLS and AUTH its answer may differ. */
async function readExtensions(wire: SmtpWire, name: string, timeoutMs: number, clock: Clock): Promise<Extensions> {
  const reply = await sayHello(wire, name, timeoutMs, clock);
  const keywords = new Set(
    reply.code === 250
      ? reply.text
          .split('\n')
          .slice(1)
          .map((line) => line.split(' ', 1)[0]?.toUpperCase())
      : [],
  );
  return {
    pipelining: keywords.has('PIPELINING'),
    eightBitMime: keywords.has('8BITMIME'),
    smtpUtf8: keywords.has('SMTPUTF8'),
    dsn: keywords.has('DSN'),
    size: keywords.has('SIZE'),
  };
}

async function sayHello(wire: SmtpWire, name: string, timeoutMs: number, clock: Clock): Promise<Reply> {
  const answered = new AbortController();
  clock.sleep(timeoutMs, answered.signal).then(
    () => wire.end(new ConnectionLost('no answer to EHLO')),
    () => {},
  );
  try {
    wire.phase = 'envelope';
    wire.say(`EHLO ${name}`);
    return await wire.reply();
  } catch (error) {
    throw new UpstreamUnusable(error instanceof ConnectionLost && error.reply ? error.reply : { code: 0, text: describeError(error) });
  } finally {
    wire.phase = 'idle';
    answered.abort();
  }
}
