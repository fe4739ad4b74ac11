import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { systemClock } from '@posthaste/telemetry';
import { eightBitMail, startFakeUpstream, testCertificate, type FakeUpstream, type FakeUpstreamOptions } from '@posthaste/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openSession } from './smtp-upstream.ts';
import { targetOf } from './rig.ts';

const trusted = getCACertificates();
const auth = { user: 'shop@example.org', pass: 'p\u00e4ss/word' };
const login = `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.pass)}`;
let upstream: FakeUpstream;

beforeAll(() => setDefaultCACertificates([...trusted, testCertificate.cert]));
afterAll(() => setDefaultCACertificates(trusted));
afterEach(() => upstream.close());

const start = async (options: FakeUpstreamOptions) => (upstream = await startFakeUpstream(options));
const open = (scheme: string, credentials: string, query = '') =>
  openSession(targetOf(`${scheme}://${credentials}@localhost:${upstream.port}${query}`), { clock: systemClock });

it.each([
  ['STARTTLS that is a must', 'smtp', '?tls=required', false],
  ['STARTTLS because it is on offer', 'smtp', '', false],
  ['TLS from the first byte', 'smtps', '', true],
])('logs in and delivers byte for byte over %s', async (_, scheme, query, implicit) => {
  await start({ auth, tls: { ...testCertificate, implicit } });
  const session = await open(scheme, login, query);
  const mail = eightBitMail(1);
  const envelope = { from: 'a@example.org', recipients: [{ address: 'b@example.net', dsnNotify: '', dsnOriginal: '' }], size: mail.length };
  const rest = { eightBit: true, smtpUtf8: false, dsnReturn: '', dsnEnvelopeId: '' } as const;
  for (let time = 0; time < 2; time++) {
    const transaction = await session.transact({ ...envelope, ...rest }, { kind: 'whole', bytes: mail }, async () => true);
    expect(transaction).toMatchObject({ kind: 'answered', replies: [{ code: 250 }] });
  }
  await session.wire.quit();
  expect(upstream.mails).toMatchObject([{ secured: true, user: auth.user }, { secured: true }]);
  expect(upstream.mails.every(({ raw }) => raw.equals(mail))).toBe(true);
});

it('tells what the upstream said to a wrong password', async () => {
  await start({ auth, tls: testCertificate });
  await expect(open('smtp', 'shop:wrong')).rejects.toMatchObject({ name: 'UpstreamUnusable', reply: { code: 535, enhanced: '5.7.8' } });
});

it('gives its password to no upstream whose certificate it does not trust', async () => {
  setDefaultCACertificates(trusted);
  await start({ auth, tls: testCertificate });
  await expect(open('smtp', login, '?tls=required')).rejects.toMatchObject({
    name: 'UpstreamUnusable',
    reply: { code: 0, text: expect.stringContaining('self-signed certificate') },
  });
  setDefaultCACertificates([...trusted, testCertificate.cert]);
});
