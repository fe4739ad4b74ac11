import { isStreamError } from '@posthaste/stream';
import { SubmissionError, type Acceptance, type Door, type Envelope } from '@posthaste/submission';
import type { Clock, Log, MailLog } from '@posthaste/telemetry';
import type { SMTPServerAddress, SMTPServerAuthentication, SMTPServerDataStream, SMTPServerOptions, SMTPServerSession } from 'smtp-server';
import type { SMTPConnection } from 'smtp-server/lib/smtp-connection';
import type { Authority } from './authority.ts';
import type { Editor, Rewording } from './listener.ts';
import { refusalsTotal, sessionsTotal } from './metrics.ts';
import type { Policy } from './policy.ts';
import { loweredReply } from './mail-wishes.ts';
import { receive } from './receive.ts';
import { NegativeReply, refusal, replyOf } from './reply.ts';
import { Transaction } from './transaction.ts';
import type { Visit } from './visit.ts';
import { dismiss, type Watchdog } from './watchdog.ts';
import { inOurWords, isOurs } from './wording.ts';

export interface ReceptionOptions {
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
  readonly mailLog: MailLog;
  readonly policy: Policy;
  readonly authority: Authority;
  readonly watchdog: Watchdog;
  /** STARTTLS is on offer. */
  readonly startTls: boolean;
}

type Done = (error?: Error | null, reply?: string) => void;

/** What is said to each command, whichever listener it came by. */
export class Reception implements Editor {
  readonly #options: ReceptionOptions;
  readonly #visits = new WeakMap<SMTPServerSession, Visit>();
  readonly #closing = new AbortController();

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** From now on no mail is begun. */
  close(): void {
    this.#closing.abort();
  }

  handlers(): SMTPServerOptions {
    const { maxRecipients } = this.#options.door.limits;
    return {
      onConnect: (session, done) => this.#welcome(session, done),
      onSecure: (_socket, session, done) => this.#secured(session, done),
      onAuth: (attempt, session, done) => void this.#logIn(attempt, session, done),
      onMailFrom: (sender, session, done) => this.#answer(done, () => this.#begin(sender, session)),
      onRcptTo: (recipient, session, done) => this.#answer(done, () => this.#transaction(session).addRecipient(recipient, maxRecipients)),
      onData: (stream, session, done) => void this.#receive(stream, session, done),
    };
  }

  reword(code: number, text: string, context: string | false | undefined): Rewording {
    if (isOurs(text)) return { code, text };
    const { authority, policy } = this.#options;
    const reply = inOurWords(code, text, context, { hasUsers: authority.hasUsers, maxLineBytes: policy.maxLineBytes });
    refusalsTotal.labels(reply?.reason ?? 'SYNTAX').inc();
    return reply ? { code: reply.responseCode, text: reply.message } : { code, text };
  }

  sent(connection: SMTPConnection, code: number): void {
    // smtp-server would count to ten by itself; what is counted here has a setting.
    connection._unrecognizedCommands = 0;
    const visit = this.#visits.get(connection.session);
    if (!visit || code < 500) return;
    visit.errors += 1;
    if (visit.errors >= this.#options.policy.maxErrors) dismiss(connection, refusal('TOO_MANY_ERRORS', 'too many errors, closing the connection'));
  }

  #welcome(session: SMTPServerSession, done: Done): void {
    this.#visits.set(session, this.#options.authority.receive(session));
    this.#closeCommands(session);
    sessionsTotal.labels(session.secure ? 'implicit' : 'none').inc();
    done();
  }

  /** TLS has begun: by STARTTLS after a first hello, or before the greeting. */
  #secured(session: SMTPServerSession, done: Done): void {
    const visit = this.#visit(session);
    if (!visit.implicitTls) sessionsTotal.labels('starttls').inc();
    this.#options.authority.forget(visit);
    this.#closeCommands(session);
    done();
  }

  #closeCommands(session: SMTPServerSession): void {
    const { authority, startTls } = this.#options;
    const mayLogIn = authority.mayLogIn(session);
    session.disabledCommands = ['WIZ', 'SHELL', 'KILL', ...(startTls ? [] : ['STARTTLS']), ...(mayLogIn ? [] : ['AUTH'])];
  }

  async #logIn(attempt: SMTPServerAuthentication, session: SMTPServerSession, done: LoginDone): Promise<void> {
    try {
      const { name } = await this.#options.authority.logIn(attempt, this.#visit(session), session, this.#closing.signal);
      done(null, { user: name });
    } catch (error) {
      done(this.#explain(error));
    }
  }

  /** What cannot be accepted now is refused before the client sends its body. Returns the reply's text when it says more than yes. */
  #begin(sender: SMTPServerAddress, session: SMTPServerSession): string | undefined {
    const { door, authority, policy, clock } = this.#options;
    if (this.#closing.signal.aborted) throw refusal('SHUTTING_DOWN', 'shutting down, come again');
    const visit = this.#visit(session);
    if (policy.maxMessages > 0 && visit.messages >= policy.maxMessages)
      throw refusal('TOO_MANY_MESSAGES', 'too many messages in one session, send the others in a further one');
    const transaction = new Transaction(sender, session, { logins: authority.hasUsers, nameOptions: visit.nameOptions, clock });
    authority.authorize(visit, session, sender.address);
    const refused = door.refusal();
    if (refused) throw replyOf(refused);
    visit.transaction = transaction;
    return loweredReply(transaction.asked.priority, visit.origin.maxLane);
  }

  #visit(session: SMTPServerSession): Visit {
    const visit = this.#visits.get(session);
    if (!visit) throw new Error('a session without a visit: onConnect comes before everything else');
    return visit;
  }

  #transaction(session: SMTPServerSession): Transaction {
    const { transaction } = this.#visit(session);
    if (!transaction?.isOpenIn(session)) throw new NegativeReply(503, '5.5.1', 'MAIL comes first', 'SYNTAX');
    return transaction;
  }

  async #receive(stream: SMTPServerDataStream, session: SMTPServerSession, done: Done): Promise<void> {
    const { door, watchdog } = this.#options;
    watchdog.receives(session, stream);
    try {
      const visit = this.#visit(session);
      const { envelope, asked } = this.#transaction(session);
      const acceptance = await receive(door, { envelope, ...visit.origin, ...asked }, session, stream, () => watchdog.answers(session));
      visit.messages += 1;
      visit.errors = 0;
      this.#logAccepted(acceptance, envelope, session, asked.priority);
      done(null, `2.0.0 Ok: queued as ${acceptance.id}`);
    } catch (error) {
      done(this.#explain(error));
    } finally {
      watchdog.talks(session);
    }
  }

  #logAccepted(acceptance: Acceptance, envelope: Envelope, session: SMTPServerSession, priority: number | undefined): void {
    const { id, lane, tenant, size, due, replayed } = acceptance;
    const to = envelope.recipients.map(({ address }) => address);
    const { transmissionType: door, remoteAddress: client, user } = session;
    const { mailLog } = this.#options;
    const line = { id, tenant, from: envelope.from, to, door, client, ...(user && { user }) };
    if (replayed) mailLog.replayed(line);
    else mailLog.accepted({ ...line, lane, size, ...(due !== undefined && { due }), ...(priority !== undefined && { priority }) });
  }

  #answer(done: Done, act: () => string | undefined | void): void {
    try {
      done(null, act() ?? undefined);
    } catch (error) {
      done(this.#explain(error));
    }
  }

  /** The client hears our sentence; the cause goes to the log when a person should look. */
  #explain(error: unknown): NegativeReply {
    if (error instanceof NegativeReply) {
      if (error.reason) refusalsTotal.labels(error.reason).inc();
      return error;
    }
    const known = error instanceof SubmissionError ? error : undefined;
    const expected = known && (known.cause === undefined || (isStreamError(known.cause) && known.cause.code !== 'BROKEN'));
    if (!expected) this.#options.log.error('a client was refused for a reason that should not be', { error });
    else this.#options.log.debug('a mail was refused', { code: known.code, error });
    return known ? replyOf(known) : new NegativeReply(451, '4.3.0', 'our own trouble; try again later');
  }
}

type LoginDone = (error: Error | null, answer?: { user: string }) => void;
