import { describe, expect, test } from 'vitest';
import type { Reply } from './journal.ts';
import { classifyReply, replyClasses, type ReplyClass } from './reply-class.ts';

/** As the sender reads it: the enhanced code is taken out of the text. */
function replyOf(line: string): Reply {
  const [, code, enhanced, text = ''] = /^(\d{3})[ -](?:([245]\.\d+\.\d+) )?(.*)$/s.exec(line) ?? [];
  return { code: Number(code), ...(enhanced !== undefined && { enhanced }), text };
}

/** What upstreams and receivers really say; where it matters, with their line breaks. */
const replies: Readonly<Record<ReplyClass, readonly string[]>> = {
  transient: [
    // Gmail
    '421 4.7.0 Try again later, closing connection. (EHLO) d9443c01a7336-1f4ec gsmtp',
    '451 4.3.0 Mail server temporarily rejected message. gsmtp',
    '450 4.2.1 The user you are trying to contact is temporarily unavailable',
    // Postfix
    '451 4.3.0 Error: queue file write error',
    '450 4.1.8 <a@example.org>: Sender address rejected: Domain not found',
    '452 4.3.1 Insufficient system storage',
    '450 4.1.1 <b@example.net>: Recipient address rejected: unverified address: Address verification in progress',
    // Exim
    '451 Temporary local problem - please try later',
    '452 space shortage, please try later',
    '451-could not complete sender verify callout',
    // Microsoft 365
    '451 4.7.0 Temporary server error. Please try again later. PRX5',
    '454 4.7.0 TLS not available due to temporary reason',
    '451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35.',
    '421 Service not available',
  ],
  permanent: [
    "550 5.1.1 The email account that you tried to reach does not exist. Please try\ndouble-checking the recipient's email address for typos or unnecessary spaces.",
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    '550 5.1.1 <bob@antispam.example>: Recipient address rejected: User unknown in virtual mailbox table',
    '550 5.1.1 <quota@example.net>: no such mailbox; the account is full of dust',
    "554 delivery error: dd This user doesn't have a yahoo.com account (b@yahoo.com) [0] - mta1.mail.gq1.yahoo.com",
    '550 5.7.1 <b@example.net>: Relay access denied',
    '550 Unrouteable address',
    '554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1',
    '550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.',
    '550 5.7.60 SMTP; Client does not have permissions to send as this sender',
    '501 5.5.4 Invalid domain name',
  ],
  greylisted: [
    '451 4.7.1 Greylisted, try again in 300 seconds',
    '450 4.2.0 <b@example.net>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.net.html',
    '451 4.7.1 Greylisting in action, please come back in 00:05:00',
    '450 4.7.1 <b@example.net>: Recipient address rejected: Gray-listed, please try again later',
    '451 You have been greylisted; please try again in 5 minutes.',
    '421 4.7.0 Grey listing in effect',
    '451 4.3.2 Please try again later (greylist)',
  ],
  rate_limited: [
    // Gmail and Workspace
    '421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\nfrom your IP address. To protect our users from spam, mail sent from your IP\naddress has been temporarily rate limited.',
    '421 4.7.0 This message is suspicious due to the very low reputation of the sending IP. To protect our users, it has been temporarily rate limited.',
    '421 4.7.26 This mail has been rate limited because it is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.',
    '450 4.2.1 The user you are trying to contact is receiving mail at a rate that\nprevents additional messages from being delivered.',
    '450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.',
    '550 5.4.5 Daily SMTP relay sending limit exceeded for this user',
    // Microsoft
    '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail delivery information see https://aka.ms/postmaster (S775)',
    '451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)',
    "421 RP-001 (SNT004-MC1F35) Unfortunately, some messages from 192.0.2.1 weren't sent. The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed.",
    '421 RP-002 The mail server IP connecting to Outlook.com server has exceeded the connection limit allowed.',
    '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded, too many concurrent submissions',
    '421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel',
    "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    // Amazon SES
    '454 Throttling failure: Maximum sending rate exceeded.',
    '454 Throttling failure: Daily message quota exceeded.',
    // SendGrid
    '452 Too many recipients received this hour',
    '450 too frequent connects from 192.0.2.1, please try again later.',
    // Yahoo
    '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes',
    '421 Max message per connection reached, closing transmission channel',
    // Postfix, Exim
    '421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1',
    '450 4.7.1 Error: too much mail from 192.0.2.1',
    '452 4.5.3 Error: too many recipients',
    '421 Too many concurrent SMTP connections; please try again later.',
  ],
  authentication: [
    '530 5.7.0 Must issue a STARTTLS command first',
    '530 Authentication required',
    '530 5.7.57 Client not authenticated to send mail. [AM0PR01CA0001.eurprd01.prod.exchangelabs.com]',
    '535 Authentication Credentials Invalid',
    '535 5.7.8 Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials',
    '535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.',
    '534 5.7.9 Application-specific password required.',
    '538 5.7.11 Encryption required for requested authentication mechanism',
    '454 4.7.0 Temporary authentication failure',
    '454 4.7.0 Temporary authentication failure: Connection lost to authentication server',
  ],
  content: [
    '550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.',
    '550 5.7.1 Our system has detected that this message is likely\nunsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked.',
    '552 5.7.0 This message was blocked because its content presents a potential\nsecurity issue.',
    "550 5.7.515 Access denied, sending domain example.org doesn't meet the required authentication level.",
    '550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification and has a DMARC policy of reject.',
    '550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/192.0.2.1',
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
    '554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes',
    '554 5.7.1 Spam message rejected',
    '550 This message was classified as SPAM and may not be delivered',
    '550 This message contains a virus (Eicar-Test-Signature)',
    '550 5.7.25 The IP address sending this message does not have a PTR record setup',
    '554 5.6.0 STOREDRV.Deliver; Corrupt message content',
  ],
  mailbox_full: [
    "452 4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp",
    '452 4.2.2 The email account that you tried to reach is over quota.',
    '552 5.2.2 The email account that you tried to reach is over quota and inactive.',
    '550 5.2.2 <b@example.net>: mailbox full',
    '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException',
    '552 1 Requested mail action aborted, mailbox over quota',
    '552 5.2.2 <b@example.net> Quota exceeded (mailbox for user is full)',
    '452 mailbox is full: retry timeout not yet reached',
    '452 <b@example.net> User over quota',
    '552 Quota exceeded',
  ],
  size: [
    "552 5.3.4 Your message exceeded Google's message size limits.",
    '552 5.3.4 Message size exceeds fixed limit',
    '552 Message size exceeds maximum permitted',
    '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient',
    '552 Message too large',
    '554 5.7.1 Message rejected: attachment is too big',
    '552 5.2.3 Message length exceeds administrative limit',
  ],
};

describe.each(replyClasses)('%s', (name) => {
  test.each(replies[name])('%s', (line) => {
    expect(classifyReply(replyOf(line))).toMatchObject({ class: name });
  });
});

test('the enhanced code is believed before the code, and the code before the text', () => {
  expect(classifyReply({ code: 535, enhanced: '5.2.2', text: 'Greylisted spam' })).toMatchObject({
    class: 'mailbox_full',
    because: 'X.2.2 is a full mailbox',
  });
  expect(classifyReply({ code: 535, enhanced: '5.9.9', text: 'Mailbox full of spam' }).class).toBe('authentication');
});

test('a word of a 5xx is none of a 4xx: what asks to be tried again is never called refused for good', () => {
  for (const text of ['spam', 'message too big', 'virus', 'policy', '']) expect(classifyReply({ code: 451, text }).class).toBe('transient');
});

test('without any reply it is transient', () => {
  expect(classifyReply({ code: 0, text: 'connection refused' })).toEqual({ class: 'transient', because: '4xx, and nothing says more' });
});

test('takes a moment however long and odd the text is', () => {
  const odd = ['message ', 'exceeds ', 'mailbox ', 'maximum number of ', 'too '].map((word) => word.repeat(20_000));
  for (const text of odd) expect(classifyReply({ code: 550, text }).class).toBe('permanent');
});
