import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '@posthaste/config';
import { isStreamError } from '@posthaste/stream';
import { SubmissionError, type Door, type Envelope } from '@posthaste/submission';
import type { Clock, Log, MailLog } from '@posthaste/telemetry';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { receive } from './receive.ts';
import { NegativeReply, replyOf } from './reply.ts';
import { Transaction } from './transaction.ts';
import { Watchdog } from './watchdog.ts';

export interface RelayOptions {
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  readonly mailLog: MailLog;
  readonly hostname: string;
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
  readonly dataTimeoutMs: number;
  /** How often overdue clients are looked for. Default 1,000. */
  readonly watchIntervalMs?: number;
}

const shuttingDown = '4.3.2 shutting down, come again';

type Done = (error?: Error | null, reply?: string) => void;

/** The SMTP front door. Builds without listening. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #smtp: SMTPServer;
  readonly #watchdog: Watchdog;
  readonly #sockets = new Set<Socket>();
  /** Keyed by smtp-server's envelope, which it replaces at the end of each transaction, at RSET and at EHLO. */
  readonly #transactions = new WeakMap<SMTPServerSession['envelope'], Transaction>();
  #draining = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { clock, idleTimeoutMs, dataTimeoutMs, watchIntervalMs: intervalMs = 1000 } = options;
    this.#watchdog = new Watchdog({ clock, idleTimeoutMs, dataTimeoutMs, intervalMs });
    this.#smtp = new SMTPServer(this.#smtpOptions());
    this.#smtp.server.on('connection', (socket) => this.#track(socket));
  }

  get listening(): boolean {
    return this.#smtp.server.listening;
  }

  /** Resolves with the address that is listened on; port 0 means any free one. */
  async listen({ host, port }: Address): Promise<Address> {
    this.#smtp.listen(port, host);
    await once(this.#smtp.server, 'listening');
    this.#smtp.on('error', (error: Error) => this.#options.log.debug('a connection broke', { error }));
    void this.#watchdog.watch(this.#smtp);
    const bound = this.#smtp.server.address() as AddressInfo;
    return { host: bound.address, port: bound.port };
  }

  /** Takes no new connections, tells idle clients to go, lets transactions finish for so long, and ends. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#smtp.server.close(() => resolve()));
    const { clock } = this.#options;
    const end = clock.monotonic() + graceMs;
    while (this.#smtp.connections.size > 0 && clock.monotonic() < end) {
      for (const connection of this.#smtp.connections) if (!connection.session.envelope?.mailFrom) connection.send(421, shuttingDown);
      await clock.sleep(10);
    }
    for (const connection of this.#smtp.connections) connection.send(421, shuttingDown);
    this.#watchdog.close();
    await Promise.race([closed, clock.sleep(lingerMs)]);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #smtpOptions(): SMTPServerOptions {
    const { hostname, maxConnections, idleTimeoutMs, door } = this.#options;
    return {
      name: hostname,
      banner: 'Posthaste',
      heloResponse: '%s greets you',
      greetingDelay: 0,
      size: door.limits.maxBytes,
      maxClients: maxConnections,
      socketTimeout: idleTimeoutMs,
      disableReverseLookup: true,
      disabledCommands: ['AUTH', 'STARTTLS', 'WIZ', 'SHELL', 'KILL'],
      hideENHANCEDSTATUSCODES: false,
      hideDSN: false,
      logger: false,
      onConnect: (_session, done) => done(),
      onMailFrom: (sender, session, done) => answer(done, () => this.#begin(new Transaction(sender, session), session)),
      onRcptTo: (recipient, session, done) => answer(done, () => this.#transaction(session).addRecipient(recipient, door.limits.maxRecipients)),
      onData: (stream, session, done) => void this.#receive(stream, session, done),
    };
  }

  /** What cannot be accepted now is refused before the client sends its body. */
  #begin(transaction: Transaction, { envelope }: SMTPServerSession): void {
    if (this.#draining) throw new NegativeReply(421, '4.3.2', 'shutting down, come again');
    const refusal = this.#options.door.refusal();
    if (refusal) throw replyOf(refusal);
    this.#transactions.set(envelope, transaction);
  }

  #transaction({ envelope }: SMTPServerSession): Transaction {
    const transaction = this.#transactions.get(envelope);
    if (!transaction) throw new NegativeReply(503, '5.5.1', 'MAIL comes first');
    return transaction;
  }

  async #receive(stream: SMTPServerDataStream, session: SMTPServerSession, done: Done): Promise<void> {
    this.#watchdog.receives(session);
    try {
      const { envelope } = this.#transaction(session);
      const acceptance = await receive(this.#options.door, envelope, session, stream, () => this.#watchdog.answers(session));
      this.#logAccepted(acceptance, envelope, session);
      done(null, `2.0.0 Ok: queued as ${acceptance.id}`);
    } catch (error) {
      done(this.#explain(error));
    } finally {
      this.#watchdog.talks(session);
    }
  }

  #logAccepted(acceptance: Awaited<ReturnType<Door['finish']>>, envelope: Envelope, session: SMTPServerSession): void {
    const { id, lane, tenant, size, due, replayed } = acceptance;
    const to = envelope.recipients.map(({ address }) => address);
    const { transmissionType: door, remoteAddress: client } = session;
    const { mailLog } = this.#options;
    const line = { id, lane, tenant, size, from: envelope.from, to, door, client, ...(due !== undefined && { due }) };
    if (replayed) mailLog.replayed(line);
    else mailLog.accepted(line);
  }

  /** The client hears our sentence; the cause goes to the log when a person should look. */
  #explain(error: unknown): NegativeReply {
    if (error instanceof NegativeReply) return error;
    const known = error instanceof SubmissionError ? error : undefined;
    const expected = known && (known.cause === undefined || (isStreamError(known.cause) && known.cause.code !== 'BROKEN'));
    if (!expected) this.#options.log.error('a mail could not be accepted for a reason that should not be', { error });
    else this.#options.log.debug('a mail was refused', { code: known.code, error });
    return known ? replyOf(known) : new NegativeReply(451, '4.3.0', 'our own trouble; try again later');
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** How long last replies may take to reach their clients, milliseconds. */
const lingerMs = 500;

function answer(done: Done, act: () => void): void {
  try {
    act();
    done();
  } catch (error) {
    if (error instanceof NegativeReply) done(error);
    else throw error;
  }
}
