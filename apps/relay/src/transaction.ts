import type { TicketRecipient } from '@posthaste/core';
import { recipientBytes, recipientRoom, sameMailbox, type Cover, type Envelope } from '@posthaste/submission';
import type { Clock } from '@posthaste/telemetry';
import type { SMTPServerAddress, SMTPServerSession } from 'smtp-server';
import { checkAddress, checkEnvelopeId, checkOriginalRecipient, checkParameters } from './esmtp-parameters.ts';
import { readMailWishes } from './mail-wishes.ts';
import { wishesAt, type NameOptions } from './name-options.ts';
import { refusal } from './reply.ts';

export interface TransactionOptions {
  /** Clients can log in here. */
  readonly logins: boolean;
  /** Of the user name that the client logged in by. */
  readonly nameOptions: NameOptions | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

const nothing = {};

/** A mail transaction from MAIL to DATA (RFC 5321, 3.3). Throws NegativeReply for what it does not take. */
export class Transaction {
  readonly #opened: SMTPServerSession['envelope'];
  readonly #from: string;
  readonly #smtpUtf8: boolean;
  readonly #dsn: Pick<Envelope, 'dsnReturn' | 'dsnEnvelopeId'>;
  /** What is asked for the message beside it. */
  readonly asked: Pick<Cover, 'wishes' | 'priority' | 'login'>;
  readonly #recipients = new Map<string, TicketRecipient>();
  /** What the recipients take in the ticket. */
  #bytes = 0;

  constructor(sender: SMTPServerAddress, session: SMTPServerSession, { logins, nameOptions, clock }: TransactionOptions) {
    this.#opened = session.envelope;
    const { smtpUtf8 = false, dsn } = session.envelope;
    checkParameters('MAIL', sender, logins);
    checkAddress(sender.address, smtpUtf8, '5.1.7');
    if (dsn?.envid) checkEnvelopeId(dsn.envid);
    const byParameters = sender.args ? readMailWishes(sender.args, clock) : undefined;
    this.asked = nameOptions ? { ...byParameters, login: wishesAt(nameOptions, clock.now()) } : (byParameters ?? nothing);
    this.#from = sender.address;
    this.#smtpUtf8 = smtpUtf8;
    this.#dsn = {
      ...((dsn?.ret === 'FULL' || dsn?.ret === 'HDRS') && { dsnReturn: dsn.ret }),
      ...(dsn?.envid && { dsnEnvelopeId: dsn.envid }),
    };
  }

  /** smtp-server replaces the envelope at the end of each transaction, at RSET and at EHLO. */
  isOpenIn({ envelope }: SMTPServerSession): boolean {
    return envelope === this.#opened;
  }

  /** The same recipient named again replaces the first: it gets one mail. */
  addRecipient(recipient: SMTPServerAddress, maxRecipients: number): void {
    const { address, dsn } = recipient;
    checkParameters('RCPT', recipient, false);
    checkAddress(address, this.#smtpUtf8, '5.1.3');
    if (dsn?.orcpt) checkOriginalRecipient(dsn.orcpt, this.#smtpUtf8);
    const entry: TicketRecipient = {
      address,
      ...(dsn?.notify && { dsnNotify: dsn.notify.join(',') }),
      ...(dsn?.orcpt && { dsnOriginal: dsn.orcpt }),
    };
    this.#place(entry, maxRecipients);
  }

  /** What does not fit is refused now, so that the client can send the others in a transaction of their own (RFC 5321, 4.5.3.1.10). */
  #place(entry: TicketRecipient, maxRecipients: number): void {
    const key = sameMailbox(entry.address);
    const before = this.#recipients.get(key);
    const bytes = this.#bytes + recipientBytes(entry) - (before ? recipientBytes(before) : 0);
    if ((!before && this.#recipients.size >= maxRecipients) || bytes > recipientRoom)
      throw refusal('TOO_MANY_RECIPIENTS', 'too many recipients; send the others in a further transaction');
    this.#bytes = bytes;
    this.#recipients.set(key, entry);
  }

  get envelope(): Envelope {
    return { from: this.#from, recipients: [...this.#recipients.values()], smtpUtf8: this.#smtpUtf8, ...this.#dsn };
  }
}
