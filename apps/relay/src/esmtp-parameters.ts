import type { SMTPServerAddress } from 'smtp-server';
import { wishParameters } from './mail-wishes.ts';
import { NegativeReply } from './reply.ts';

const ofMail: ReadonlySet<string> = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', ...wishParameters]);
/** Who offers AUTH must take this one, and may believe it or not: we do not (RFC 4954, 5). */
const ofMailWithLogins: ReadonlySet<string> = new Set([...ofMail, 'AUTH']);
const ofRcpt: ReadonlySet<string> = new Set(['NOTIFY', 'ORCPT']);

/** What we do not advertise must be refused, not passed over: the client relies on it (RFC 5321, 4.1.1.11). */
export function checkParameters(command: 'MAIL' | 'RCPT', { args }: SMTPServerAddress, logins: boolean): void {
  const known = command === 'RCPT' ? ofRcpt : logins ? ofMailWithLogins : ofMail;
  const unknown = Object.keys(args || {}).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new NegativeReply(555, '5.5.4', `${command} parameter ${unknown} is not supported; known are ${[...known].join(', ')}`, 'SYNTAX');
}

/** xtext (RFC 3461, 4): printable ASCII but + and =, which stand as +HH. */
const xtext = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;
/** With SMTPUTF8 the original recipient may hold UTF-8 (RFC 6533, 3). */
const xtextOrUtf8 = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2}|[^\x00-\x9f\ufffd])*$/;

/** ENVID is xtext of at most 100 characters (RFC 3461, 4.4). */
export function checkEnvelopeId(envelopeId: string): void {
  if (envelopeId.length > 100 || !xtext.test(envelopeId))
    throw new NegativeReply(501, '5.5.4', 'ENVID is not valid; expected xtext of at most 100 characters', 'SYNTAX');
}

/** ORCPT is addr-type;xtext of at most 500 characters (RFC 3461, 4.2). */
export function checkOriginalRecipient(original: string, smtpUtf8: boolean): void {
  const value = original.slice(original.indexOf(';') + 1);
  const valid = (smtpUtf8 ? xtextOrUtf8 : xtext).test(value);
  if (original.length > 500 || !valid)
    throw new NegativeReply(501, '5.5.4', 'ORCPT is not valid; expected addr-type;xtext of at most 500 characters', 'SYNTAX');
}

/**
 * An address beyond ASCII needs SMTPUTF8 (RFC 6531, 3.3); bytes that are no UTF-8 are no address at all.
 *
 * @param enhanced the code for a bad address of this kind
 */
export function checkAddress(address: string, smtpUtf8: boolean, enhanced: '5.1.7' | '5.1.3'): void {
  if (address.includes('\ufffd')) throw new NegativeReply(501, enhanced, 'the address is not valid UTF-8', 'SYNTAX');
  if (!smtpUtf8 && /[^\x00-\x7f]/.test(address))
    throw new NegativeReply(553, '5.6.7', 'an address beyond ASCII needs the SMTPUTF8 parameter of MAIL', 'SYNTAX');
}
