import { expect, test } from 'vitest';
import { upstreamIdOf } from './upstream-id.ts';

test.each([
  ['Postfix', '2.0.0 Ok: queued as 4ZK1Yl0B2q', '4ZK1Yl0B2q'],
  ['Postfix, without the enhanced code', 'Ok: queued as A1B2C3D4E5', 'A1B2C3D4E5'],
  ['the inbox', 'Ok: queued as 7', '7'],
  ['SendGrid', 'Ok: queued as Zq3-6tD_SIefwT1c0pGLhA', 'Zq3-6tD_SIefwT1c0pGLhA'],
  ['Brevo', '2.0.0 OK: queued as <202401011200.12345678@smtp-relay.example>', '202401011200.12345678@smtp-relay.example'],
  ['Exim', 'OK id=1rXy5Z-000001-2C', '1rXy5Z-000001-2C'],
  ['KumoMTA', 'OK ids=d7ef132b5d7711eea8c8000c29c33806', 'd7ef132b5d7711eea8c8000c29c33806'],
  ['Exchange', '2.6.0 <a@b.example> [InternalId=23138874, Hostname=MX1.example] 1234 bytes in 0.1, 12 KB/sec Queued mail for delivery', '23138874'],
  ['Gmail', 'OK  1700000000 d9443c01a7336-1d5f2ab3c4si1234567plb.123 - gsmtp', 'd9443c01a7336-1d5f2ab3c4si1234567plb.123'],
  ['Sendmail', '2.0.0 w8ABCDEF012345 Message accepted for delivery', 'w8ABCDEF012345'],
  ['OpenSMTPD', '2.0.0 1a2b3c4d Message accepted for delivery', '1a2b3c4d'],
  ['Haraka', 'Message Queued (6B1F9C52-3D3E-4B0C-9E0F-000000000000.1)', '6B1F9C52-3D3E-4B0C-9E0F-000000000000.1'],
  ['qmail', 'ok 1700000000 qp 12345', '12345'],
  ['Amazon SES', 'Ok 0102018f2b3c4d5e-0a1b2c3d-4e5f-000000', '0102018f2b3c4d5e-0a1b2c3d-4e5f-000000'],
  ['SparkPost', '2.0.0 OK 5B/12-34567-89ABCDEF', '5B/12-34567-89ABCDEF'],
  ['Mailgun', '2.0.0 OK <20240101120000.1.ABC@example.org>', '20240101120000.1.ABC@example.org'],
])('%s says it', (_, text, id) => expect(upstreamIdOf(text)).toBe(id));

test.each(['Ok', 'Great success', 'ok dirdel', '2.0.0 Message accepted for delivery', '', 'thank you, come again'])('"%s" holds none', (text) =>
  expect(upstreamIdOf(text)).toBeUndefined(),
);
