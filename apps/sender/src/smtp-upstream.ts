import type { Socket } from 'node:net';
import { isLocal } from '@posthaste/config';
import type { Reply } from '@posthaste/core';
import { aborted, type Clock, describeError } from '@posthaste/telemetry';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { SmtpSession } from './smtp-session.ts';
import type { Extensions } from './smtp-transaction.ts';
import { ConnectionLost, SmtpWire } from './smtp-wire.ts';
import type { UpstreamTarget } from './upstream-target.ts';
import { areSpent, describeTrouble, noPasswordInClear, type OpeningError } from './upstream-trouble.ts';

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
  /** Gives up; its reason says why. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a session that is ready for mail. nodemailer does what is intricate: names, addresses of both families, TLS, STARTTLS, AUTH.
 * Then its socket (public by its declaration) is taken over, because its send() has no way to say SMTPUTF8 for an ASCII envelope or
 * NOTIFY and ORCPT a recipient, encodes xtext twice, and cannot tell a body that was handed over from one that was not.
 * Rejects with UpstreamUnusable.
 */
export async function openSession(target: UpstreamTarget, options: OpenOptions): Promise<SmtpSession> {
  const connection = new SMTPConnection(connectionOptions(target, options));
  try {
    const opening = establish(connection, target, options.clock);
    return await (options.signal ? Promise.race([opening, gaveUp(options.signal)]) : opening);
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function gaveUp(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw new UpstreamUnusable({ code: 0, text: String(signal.reason) });
}

async function establish(connection: SMTPConnection, target: UpstreamTarget, clock: Clock): Promise<SmtpSession> {
  const wire = new SmtpWire(await connectAndLogIn(connection, target), { clock, ...target.timeouts });
  return new SmtpSession(wire, await readExtensions(wire, connection.name, target.timeouts.replyMs, clock));
}

function connectAndLogIn(connection: SMTPConnection, target: UpstreamTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const refuse = (reply: Reply) => reject(new UpstreamUnusable(reply));
    const credentials = target.login?.credentials();
    const fail = (error: OpeningError) => refuse(describeTrouble(error, target, credentials?.forms()));
    // Stays attached: the connection object reports the later end of the socket that it no longer uses.
    connection.on('error', fail);
    connection.connect((refused) => {
      if (refused) return fail(refused);
      if (!credentials) return resolve(takeSocket(connection));
      if (!connection.secure && !mayGoInClear(target)) return refuse(noPasswordInClear(target));
      connection.login(credentials.auth, (denied) => {
        if (!denied) return resolve(takeSocket(connection));
        if (areSpent(denied)) credentials.refused();
        fail(denied);
      });
    });
  });
}

/** A password: where somebody wrote that there is to be no TLS, or where it does not leave this machine. */
function mayGoInClear({ host, tls }: UpstreamTarget): boolean {
  return tls.mode === 'none' || isLocal(host);
}

function connectionOptions(target: UpstreamTarget, options: OpenOptions) {
  const { host, port, tls, timeouts, authorities } = target;
  return {
    host,
    port,
    secure: tls.mode === 'implicit',
    ignoreTLS: tls.mode === 'none',
    requireTLS: tls.mode === 'required',
    opportunisticTLS: tls.mode === 'opportunistic',
    tls: {
      rejectUnauthorized: tls.verify,
      minVersion: `TLSv${tls.minVersion}` as const,
      ...(tls.servername === undefined ? {} : { servername: tls.servername }),
      ...(authorities ? { secureContext: authorities } : {}),
    },
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.connectMs,
    dnsTimeout: timeouts.connectMs,
    socketTimeout: timeouts.replyMs,
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
