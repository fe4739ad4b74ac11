import MailComposer from 'nodemailer/lib/mail-composer';
import type { SubmitRequest } from '@posthaste/protocol';
import type { Addressing } from './envelope.ts';

/** Builds the MIME message (RFC 5322, RFC 2045) of a request's content fields. Bcc stands in the envelope only. */
export function compose({ subject, text, html, headers }: SubmitRequest, { from, to, cc, replyTo }: Addressing): Promise<Uint8Array> {
  const composer = new MailComposer({
    from,
    to: [...to],
    cc: [...cc],
    replyTo: [...replyTo],
    subject,
    ...(text === '' ? {} : { text }),
    ...(html === '' ? {} : { html }),
    headers: Object.entries(headers).map(([key, value]) => ({ key, value })),
    newline: '\r\n',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** Headers with a field of their own, headers of the MIME structure, and those that only the way itself may write. */
const reserved = /^(from|sender|to|cc|bcc|reply-to|subject|mime-version|content-.*|received|return-path|delivered-to|x-posthaste-.*)$/i;

export function isReservedHeader(name: string): boolean {
  return reserved.test(name);
}
