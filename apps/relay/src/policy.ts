import type { Values } from '@posthaste/config';
import type { relaySettings } from './config.ts';
import type { OriginDefaults } from './visit.ts';

/** Who may do what here, and how much of it. */
export interface Policy extends OriginDefaults {
  /** CIDR: who may send without a login. */
  readonly trustedNetworks: readonly string[];
  /** CIDR: who may log in over a connection in clear. */
  readonly authWithoutTls: readonly string[];
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Since the last mail of a session. */
  readonly maxErrors: number;
  /** Of a session; 0 is no limit. */
  readonly maxMessages: number;
  /** Of a session. */
  readonly maxFailedLogins: number;
  readonly failedLoginDelayMs: number;
  /** Of a command. */
  readonly maxLineBytes: number;
  readonly idleTimeoutMs: number;
  readonly dataTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly minBytesPerSecond: number;
}

export function policyFrom(values: Values<typeof relaySettings>): Policy {
  return {
    trustedNetworks: values['relay.trustedNetworks'],
    authWithoutTls: values['relay.authWithoutTls'],
    maxConnections: values['relay.maxConnections'],
    maxConnectionsPerAddress: values['relay.maxConnectionsPerAddress'],
    maxErrors: values['relay.maxErrors'],
    maxMessages: values['relay.maxMessages'],
    maxFailedLogins: values['relay.maxFailedLogins'],
    failedLoginDelayMs: values['relay.failedLoginDelay'],
    maxLineBytes: values['relay.maxLineLength'],
    idleTimeoutMs: values['relay.idleTimeout'],
    dataTimeoutMs: values['relay.dataTimeout'],
    handshakeTimeoutMs: values['relay.handshakeTimeout'],
    minBytesPerSecond: values['relay.minRate'],
    tenant: values['relay.tenant'],
    lane: values['relay.lane'],
    maxLane: values['relay.maxLane'],
    tags: values['relay.tags'],
  };
}
