import type { Login, OAuthClient, SecretSource } from '@posthaste/config';
import type { SMTPConnectionAuth } from 'nodemailer/lib/smtp-connection';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import type { SecretFile, SecretForm } from './secret-file.ts';

/** How a sender logs in at an upstream. */
export interface UpstreamLogin {
  readonly user: string;
  /** The files that its secrets lie in. */
  readonly files: readonly SecretFile[];
  /** For one login: files are read anew. */
  credentials(): Credentials;
}

export interface Credentials {
  readonly auth: SMTPConnectionAuth;
  /** Every form in which an upstream may quote what it was sent: as it is, and as AUTH carries it. The longest first: a shorter one may be a part of it. */
  forms(): readonly string[];
  /** The upstream does not take them any more. */
  refused(): void;
}

/** Reads a file for the first time; undefined where it is of no use, which it has told. */
export type OpenFile = (key: string, path: string, form: SecretForm, holds: string) => SecretFile | undefined;

/** Undefined: no login, or one whose files are of no use. `timeoutMs` is for asking for a token. */
export function openLogin(login: Login | undefined, timeoutMs: number, open: OpenFile): UpstreamLogin | undefined {
  switch (login?.kind) {
    case undefined:
      return undefined;
    case 'password':
      return passwordLogin(login.user, login.password, open);
    case 'token':
      return tokenLogin(login.user, login.path, open);
    case 'refresh':
      return refreshLogin(login.user, login.client, timeoutMs, open);
  }
}

function passwordLogin(user: string, source: SecretSource, open: OpenFile): UpstreamLogin | undefined {
  const file = source.kind === 'file' ? open('passwordFile', source.path, 'text', 'the password') : undefined;
  if (source.kind === 'file' && !file) return undefined;
  const credentials = (): Credentials => {
    const password = source.kind === 'given' ? source.secret.reveal() : (file?.current() ?? '');
    const plain = [`${user}\0${user}\0${password}`, `\0${user}\0${password}`];
    return { auth: { user, pass: password }, forms: () => [...plain.map(base64), base64(password), password], refused: () => {} };
  };
  return { user, files: file ? [file] : [], credentials };
}

/** An access token that somebody else keeps fresh. */
function tokenLogin(user: string, path: string, open: OpenFile): UpstreamLogin | undefined {
  const file = open('tokenFile', path, 'token', 'an access token');
  if (!file) return undefined;
  const credentials = (): Credentials => {
    const accessToken = file.current();
    return { auth: { user, oauth2: new XOAuth2({ user, accessToken }) }, forms: () => bearerForms(user, accessToken), refused: () => {} };
  };
  return { user, files: [file], credentials };
}

/** Access tokens are fetched (RFC 6749, 6), and used for as long as they are said to hold, unless one is refused before. */
function refreshLogin(user: string, client: OAuthClient, timeoutMs: number, open: OpenFile): UpstreamLogin | undefined {
  const secretFile = client.secretPath === undefined ? undefined : open('oauth.clientSecretFile', client.secretPath, 'text', "the client's secret");
  const refreshFile = open('oauth.refreshTokenFile', client.refreshTokenPath, 'token', 'a refresh token');
  if (!refreshFile || (client.secretPath !== undefined && !secretFile)) return undefined;
  let kept: { readonly key: string; readonly oauth2: XOAuth2 } | undefined;
  const credentials = (): Credentials => {
    const [clientSecret = '', refreshToken] = [secretFile?.current(), refreshFile.current()];
    const key = JSON.stringify([clientSecret, refreshToken]);
    const options = { user, clientId: client.clientId, clientSecret, refreshToken, accessUrl: client.tokenUrl, requestTimeout: timeoutMs };
    if (kept?.key !== key) kept = { key, oauth2: new XOAuth2(options) };
    const { oauth2 } = kept;
    const forms = () => [
      ...(oauth2.accessToken ? bearerForms(user, oauth2.accessToken) : []),
      refreshToken,
      ...(clientSecret === '' ? [] : [clientSecret]),
    ];
    const refused = () => {
      if (kept?.oauth2 === oauth2) kept = undefined;
    };
    return { auth: { user, oauth2 }, forms, refused };
  };
  return { user, files: secretFile ? [secretFile, refreshFile] : [refreshFile], credentials };
}

function bearerForms(user: string, token: string): string[] {
  return [base64(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`), base64(token), token];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
