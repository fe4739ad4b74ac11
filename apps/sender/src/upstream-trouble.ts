import type { Reply } from '@posthaste/core';
import { parseReply } from './smtp-reply.ts';
import type { UpstreamTarget } from './upstream-target.ts';

/** What nodemailer's errors carry beside their message. */
export interface OpeningError extends Error {
  /** Kind of trouble in nodemailer's words, such as ETLS. */
  readonly code?: string | undefined;
  /** The system's or OpenSSL's own code, where nodemailer put its kind over it. */
  readonly originalCode?: string | undefined;
  /** What the upstream said. */
  readonly response?: string | undefined;
}

/** What is told of an upstream that could not be used: what it said, or what stood in the way; and what to do about it. */
export function describeTrouble(error: OpeningError, target: UpstreamTarget, secretForms: readonly string[] = []): Reply {
  const advice = adviceOn(error, target);
  const sentence = advice === undefined ? error.message : `${advice} (${error.originalCode ?? error.code}: ${error.message})`;
  const said = error.response === undefined || error.code === 'ETLS' ? { code: 0, text: sentence } : parseReply(error.response);
  const text = error.code === 'EAUTH' ? aboutLogin(said, target) : said.text;
  return { ...said, text: withoutSecrets(text, secretForms) };
}

/** Where there is no final reply there was no access token: none to begin with, or no other one after the upstream had asked for it (334). */
function aboutLogin({ code, text }: Reply, target: UpstreamTarget): string {
  return code > 0 ? `${text} (${loginAdvice(target)})` : `no access token for ${target.login?.user}: ${text}`;
}

/** Whether what was used is of no use any more: it was refused (RFC 4954, 4: 535), or another one was asked for in vain. All else, such as 454, is the upstream's own trouble. */
export function areSpent({ code, response }: OpeningError): boolean {
  return code === 'EAUTH' && (response === undefined || response.startsWith('535'));
}

function loginAdvice({ login }: UpstreamTarget): string {
  const unread = login?.files.flatMap(({ trouble }) => trouble ?? []).map((trouble) => `; ${trouble}, so what it held before was used`) ?? [];
  return `the login as ${login?.user} was refused: check user and password or token, and whether the account may use SMTP${unread.join('')}`;
}

/** By the system's or OpenSSL's code. */
const advices: Readonly<Record<string, (target: UpstreamTarget) => string>> = {
  ECONNREFUSED: ({ host, port }) => `nobody takes connections at ${host}:${port}: check host and port, and whether it runs`,
  ENOTFOUND: ({ host }) => `DNS knows no ${host}: check the host`,
  EAI_AGAIN: ({ host }) => `DNS gave no answer about ${host}: check the name servers of this machine`,
  ETIMEDOUT: ({ host, port, timeouts }) =>
    `${host}:${port} did not answer within ${timeouts.connectMs} ms: a firewall may be in the way (many networks block port 25; try 587), or the port wants TLS from the first byte (tls.mode implicit)`,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host, tls }) =>
    `the certificate is not for ${tls.servername ?? host}: set host or tls.servername to a name that it is for`,
  CERT_HAS_EXPIRED: ({ host }) => `the certificate of ${host} has expired: its operator must renew it`,
  CERT_NOT_YET_VALID: ({ host }) => `the certificate of ${host} is not valid yet: check the clock of this machine`,
  ERR_SSL_WRONG_VERSION_NUMBER: ({ host, port }) =>
    `${host}:${port} does not speak TLS from the first byte: set tls.mode to required (STARTTLS), or the port to 465`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ({ host, port }) =>
    `${host}:${port} does not speak TLS from the first byte: set tls.mode to required (STARTTLS), or the port to 465`,
  ERR_SSL_UNSUPPORTED_PROTOCOL: oldTls,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: oldTls,
};

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

function adviceOn(error: OpeningError, target: UpstreamTarget): string | undefined {
  const code = error.originalCode ?? error.code ?? '';
  if (untrusted.has(code)) return `the certificate of ${target.host} is signed by nobody that is trusted here: name its authority in tls.ca`;
  if (error.code === 'ETLS' && target.tls.mode === 'required' && error.response !== undefined)
    return `${target.host}:${target.port} offers no STARTTLS, and nothing is sent in clear text: check the port, or set tls.mode to opportunistic or none`;
  return advices[code]?.(target);
}

function oldTls({ host, tls }: UpstreamTarget): string {
  return `${host} and this sender have no version of TLS in common, ${tls.minVersion} or newer: see tls.minVersion`;
}

export function noPasswordInClear({ host, port }: UpstreamTarget): Reply {
  return {
    code: 0,
    text: `${host}:${port} offers no STARTTLS, and a password is not sent in clear text: check the port, or set tls.mode to none if the network can be trusted`,
  };
}

/** A reply ends in the journal and the ledger, and an upstream may quote what it was sent. */
function withoutSecrets(text: string, forms: readonly string[]): string {
  return forms.reduce((rest, form) => (form === '' ? rest : rest.replaceAll(form, '***')), text);
}
