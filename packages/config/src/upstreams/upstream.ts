import type { Limits } from '@posthaste/core/upstream-rules';
import type { Secret } from '../secret.ts';

/** A smart host, or an account at a provider: where it is, how it is spoken to, how much it takes. */
export interface Upstream {
  readonly preset: string | undefined;
  readonly region: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPolicy;
  readonly login: Login | undefined;
  /** Most connections of one sender. */
  readonly connections: number;
  /** Most connections of all senders together; undefined: each opens its own. */
  readonly maxConnections: number | undefined;
  /** After so many mails a connection is replaced; undefined: never for that. */
  readonly messagesPerConnection: number | undefined;
  /** A connection without mail for so long is closed. */
  readonly idleTimeoutMs: number;
  readonly limits: Limits;
  readonly adaptive: boolean;
  readonly timeouts: { readonly connectMs: number; readonly replyMs: number; readonly finalMs: number };
}

/**
 * - `none`: clear text.
 * - `opportunistic`: STARTTLS where it is offered. A password goes over TLS only, or to this machine.
 * - `required`: STARTTLS or nothing.
 * - `implicit`: TLS from the first byte.
 */
export const tlsModes = ['none', 'opportunistic', 'required', 'implicit'] as const;
export type TlsMode = (typeof tlsModes)[number];

export interface TlsPolicy {
  readonly mode: TlsMode;
  /** Whether certificate and name must be right. */
  readonly verify: boolean;
  /** A PEM file of authorities to trust beside those of the system. */
  readonly ca: string | undefined;
  readonly minVersion: '1.2' | '1.3';
  /** The name that the certificate must have, where it is not the host's. */
  readonly servername: string | undefined;
}

/**
 * - `password`: AUTH PLAIN, LOGIN or CRAM-MD5.
 * - `token`: XOAUTH2 with the access token that a file holds; somebody else keeps it fresh.
 * - `refresh`: XOAUTH2 with access tokens that the sender fetches.
 */
export type Login = { readonly user: string } & (
  | { readonly kind: 'password'; readonly password: SecretSource }
  | { readonly kind: 'token'; readonly path: string }
  | { readonly kind: 'refresh'; readonly client: OAuthClient }
);

export type SecretSource = { readonly kind: 'given'; readonly secret: Secret } | { readonly kind: 'file'; readonly path: string };

/** Who may turn a refresh token into access tokens (RFC 6749, 6). */
export interface OAuthClient {
  readonly tokenUrl: string;
  readonly clientId: string;
  /** A file with the client's secret; public clients have none. */
  readonly secretPath: string | undefined;
  /** A file with the refresh token. */
  readonly refreshTokenPath: string;
}

export type Upstreams = Readonly<Record<string, Upstream>>;
