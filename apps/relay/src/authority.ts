import type { LaneTable } from '@posthaste/core';
import type { Clock, Log } from '@posthaste/telemetry';
import { mayUseSender, type User } from '@posthaste/users';
import type { SMTPServerAuthentication, SMTPServerSession } from 'smtp-server';
import type { Logins } from './logins.ts';
import { loginsTotal } from './metrics.ts';
import { NameOptionFault, readNameOptions, type NameOptions } from './name-options.ts';
import { clientKey, Networks } from './networks.ts';
import type { Policy } from './policy.ts';
import { NegativeReply, refusal } from './reply.ts';
import { originOf, Visit, type Origin } from './visit.ts';

export interface AuthorityOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: Policy;
  /** Those that a user name can ask for. */
  readonly lanes: LaneTable;
  /** Present when there are users. */
  readonly logins?: Logins;
  /** STARTTLS is on offer. */
  readonly startTls: boolean;
}

/** Who may log in and how, and who may send what. Throws what it refuses. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #trusted: Networks;
  /** May log in without TLS. */
  readonly #unguarded: Networks;
  /** Of mail without a login. */
  readonly #origin: Origin;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#trusted = new Networks(options.policy.trustedNetworks);
    this.#unguarded = new Networks(options.policy.authWithoutTls);
    this.#origin = originOf(options.policy);
  }

  get hasUsers(): boolean {
    return this.#options.logins !== undefined;
  }

  receive({ remoteAddress, secure }: SMTPServerSession): Visit {
    return new Visit({
      key: clientKey(remoteAddress),
      trusted: this.#trusted.has(remoteAddress),
      implicitTls: secure,
      origin: this.#origin,
    });
  }

  /** Nothing that was said before TLS counts after it (RFC 3207, 4.2). */
  forget(visit: Visit): void {
    visit.user = undefined;
    visit.nameOptions = undefined;
    visit.origin = this.#origin;
  }

  /** A password crosses no connection on which it could be read, unless somebody wrote that it may. */
  mayLogIn({ secure, remoteAddress }: SMTPServerSession): boolean {
    return this.hasUsers && (secure || this.#unguarded.has(remoteAddress));
  }

  /** @param signal ends the delay after a failure */
  async logIn(attempt: SMTPServerAuthentication, visit: Visit, session: SMTPServerSession, signal: AbortSignal): Promise<User> {
    // RFC 4954, 4.
    if (session.envelope.mailFrom) throw new NegativeReply(503, '5.5.1', 'a login is not possible within a mail transaction', 'SYNTAX');
    const verdict = await this.#judge(attempt, visit.key);
    switch (verdict.kind) {
      case 'known':
        visit.nameOptions = verdict.options === undefined ? undefined : this.#readOptions(verdict.options, session);
        loginsTotal.inc();
        return this.#adopt(visit, verdict.user);
      case 'wrong':
        throw await this.#wrong(visit, session, signal);
      case 'too many':
        throw refusal('TOO_MANY_FAILED_LOGINS', 'too many failed logins from your address, try again later');
      case 'unavailable':
        throw refusal('LOGIN_UNAVAILABLE', verdict.sentence);
    }
  }

  /** Looked at only once the password was right: to others the reply says nothing of who is a user here. */
  #readOptions(options: string, { remoteAddress: client }: SMTPServerSession): NameOptions {
    try {
      return readNameOptions(options, this.#options.lanes);
    } catch (error) {
      if (!(error instanceof NameOptionFault)) throw error;
      this.#options.log.info('a login was refused for an option in its user name', { client, option: error.option.slice(0, 80) });
      throw refusal('LOGIN_OPTION_WRONG', error.message);
    }
  }

  /** Nobody may act as another (the identity before the user name of AUTH PLAIN; RFC 4616, 2). */
  async #judge({ username = '', password, authzid = '' }: SMTPServerAuthentication, client: string) {
    const { logins } = this.#options;
    if (!logins) throw refusal('LOGIN_NOT_POSSIBLE', 'there are no users here to log in as');
    if (authzid !== '' && authzid !== username) return { kind: 'wrong' } as const;
    return logins.verify(username, password ?? '', client);
  }

  #adopt(visit: Visit, user: User): User {
    visit.user = user;
    visit.origin = originOf(this.#options.policy, user);
    return user;
  }

  async #wrong(visit: Visit, { remoteAddress: client }: SMTPServerSession, signal: AbortSignal): Promise<NegativeReply> {
    const { clock, log, policy } = this.#options;
    visit.failedLogins += 1;
    log.info('a login failed', { client });
    await clock.sleep(policy.failedLoginDelayMs, signal).catch(() => {});
    if (visit.failedLogins < policy.maxFailedLogins) return refusal('LOGIN_WRONG', 'user name or password is wrong');
    return refusal('TOO_MANY_FAILED_LOGINS', 'user name or password is wrong, too often; closing the connection');
  }

  /** Asked at each MAIL: a change of the users file reaches sessions that are open already. */
  authorize(visit: Visit, session: SMTPServerSession, sender: string): void {
    const { logins, startTls } = this.#options;
    if (visit.user && logins) return this.#authorizeUser(visit, logins.refresh(visit.user), session, sender);
    if (visit.trusted) return;
    if (!logins) throw refusal('NOT_TRUSTED', `your address ${session.remoteAddress} may not send mail here`);
    throw refusal('LOGIN_REQUIRED', startTls && !session.secure ? 'say STARTTLS and log in first' : 'log in first');
  }

  #authorizeUser(visit: Visit, user: User | undefined, session: SMTPServerSession, sender: string): void {
    if (!user) {
      this.forget(visit);
      delete session.user;
      throw refusal('LOGIN_REQUIRED', 'your login is no longer valid; log in again');
    }
    if (user !== visit.user) this.#adopt(visit, user);
    if (!mayUseSender(user, sender)) throw refusal('SENDER_NOT_ALLOWED', `user ${user.name} may not send as ${sender}`);
  }
}
