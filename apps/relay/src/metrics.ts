import { counter, gauge } from '@posthaste/telemetry';

export const refusalsTotal = counter(
  'posthaste_relay_refusals_total',
  'Refusals of a client for what it is or does, by reason; refused mail is in posthaste_refused_total. A rise of LOGIN_WRONG is a wrong password, or somebody guessing.',
  ['reason'],
);

export const connectionsNow = gauge('posthaste_relay_connections', 'Clients connected. Near relay.maxConnections, new ones are turned away.');

export const sessionsTotal = counter(
  'posthaste_relay_sessions_total',
  'Sessions begun, by how they are protected: none, starttls (counted when TLS begins), implicit. A rise is more clients, or clients that connect anew for each mail.',
  ['tls'],
);

export const loginsTotal = counter('posthaste_relay_logins_total', 'Successful logins. A rise is more sessions that log in.');

export const certificateExpires = gauge(
  'posthaste_relay_certificate_expires_timestamp_seconds',
  'When the certificate in use ends. When this comes near, clients will soon refuse to connect.',
);

export const staleFiles = gauge(
  'posthaste_relay_stale_file',
  '1 when the newest version of a file could not be taken and an older one is in use: certificate (with its key), users. The log says why.',
  ['file'],
);

export const tlsFailuresTotal = counter(
  'posthaste_relay_tls_failures_total',
  'TLS handshakes that failed. A rise is a certificate that clients do not trust, or clients too old for relay.tlsMinVersion.',
);
