import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLog, systemClock as clock } from '@posthaste/telemetry';
import { testCertificate } from '@posthaste/testkit';
import { hashPassword } from '@posthaste/users';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCertificate } from './certificate.ts';
import { Logins, openUsers } from './logins.ts';
import { startNats, startRig, type Nats } from './rig.ts';

const hasPython = spawnSync('python3', ['-c', 'import smtplib, ssl']).status === 0;

/** Arguments: how, mechanism, port, certificate file, password. Prints the reply to the mail. */
const script = `
import smtplib, ssl, sys
how, mechanism, port, cert, password, *options = sys.argv[1:]
context = ssl.create_default_context(cafile=cert)
if how == 'smtps':
    client = smtplib.SMTP_SSL('localhost', int(port), context=context, timeout=20)
else:
    client = smtplib.SMTP('localhost', int(port), timeout=20)
    client.ehlo()
    client.starttls(context=context)
client.ehlo()
client.user, client.password = 'shop' + ('+lane=low;tag=py' if options else ''), password
try:
    client.auth(mechanism, {'PLAIN': client.auth_plain, 'LOGIN': client.auth_login}[mechanism])
    assert not options or all(client.has_extn(name) for name in ('mt-priority', 'deliverby', 'futurerelease'))
    code, reply = client.mail('a@example.org', options)
    if code != 250:
        print(code, reply.decode())
        sys.exit()
    client.rcpt('b@example.net')
    print(client.data('Subject: hello\\r\\n\\r\\n.dot\\r\\n'))
    client.quit()
except smtplib.SMTPAuthenticationError as error:
    print('refused', error.smtp_code, error.smtp_error.decode())
`;

describe.runIf(hasPython)("Python's smtplib (skipped where there is no python3)", () => {
  let nats: Nats;
  let dir: string;
  let rig: Awaited<ReturnType<typeof startRig>>;
  const closing: { close(): void }[] = [];

  beforeAll(async () => {
    nats = await startNats();
    dir = mkdtempSync(join(tmpdir(), 'posthaste-python-'));
    const put = (name: string, text: string) => writeFileSync(join(dir, name), text);
    put('cert', testCertificate.cert);
    put('key', testCertificate.key);
    put('users', JSON.stringify({ users: [{ name: 'shop', password: await hashPassword('secret'), tenant: 'shop' }] }));
    const certificate = await openCertificate({ certPath: join(dir, 'cert'), keyPath: join(dir, 'key') }, clock, silentLog);
    const users = await openUsers(join(dir, 'users'), clock, silentLog);
    closing.push(certificate, users);
    const logins = new Logins({ users, clock, maxFailuresPerAddress: 100, failureWindowMs: 60_000 });
    rig = await startRig(nats, { certificate, logins, trustedNetworks: ['none'], authWithoutTls: ['none'], failedLoginDelayMs: 1 });
  });

  afterAll(async () => {
    for (const file of closing) file.close();
    await rig.stop();
    await nats.stop();
    rmSync(dir, { recursive: true });
  });

  const run = async (how: string, mechanism: string, password: string, ...options: string[]) => {
    const port = how === 'smtps' ? rig.tlsAddress?.port : rig.address.port;
    const { stdout } = await promisify(execFile)('python3', ['-c', script, how, mechanism, String(port), join(dir, 'cert'), password, ...options]);
    return stdout.trim();
  };

  it.each([
    ['starttls', 'PLAIN'],
    ['starttls', 'LOGIN'],
    ['smtps', 'PLAIN'],
    ['smtps', 'LOGIN'],
  ])('sends mail by %s with AUTH %s, and is refused with a wrong password', async (how, mechanism) => {
    expect(await run(how, mechanism, 'secret')).toMatch(/^\(250, b'2\.0\.0 Ok: queued as [0-9a-f-]{36}'\)$/);
    const { ticket, text } = await rig.newest();
    expect([ticket.tenant, text]).toEqual(['shop', expect.stringMatching(/with ESMTPSA(.|\s)*\r\n\r\n\.dot\r\n$/)]);
    expect(await run(how, mechanism, 'wrong')).toBe('refused 535 5.7.8 user name or password is wrong');
  });

  it('finds the extensions in EHLO, and asks by parameters of MAIL and behind its user name', async () => {
    expect(await run('starttls', 'PLAIN', 'secret', 'MT-PRIORITY=3', 'BY=120;R', 'HOLDFOR=60')).toMatch(/^\(250, /);
    const { ticket } = await rig.newest('high');
    const { acceptedAt, due = 0, deadline = 0 } = ticket;
    expect(ticket).toMatchObject({ tenant: 'shop', lane: 'high', tags: { tag: 'py' } });
    expect([deadline - due, due - acceptedAt <= 60_000]).toEqual([60_000, true]);
    expect(await run('smtps', 'LOGIN', 'secret', 'HOLDUNTIL=2001-01-01T00:00:00+01:00')).toMatch(/^\(250, /);
    expect((await rig.newest('low')).ticket).toMatchObject({ lane: 'low', tags: { tag: 'py' } });
    expect(await run('smtps', 'PLAIN', 'secret', 'BY=120;N')).toMatch(/^555 5\.3\.3 BY with mode N/);
  });
});
