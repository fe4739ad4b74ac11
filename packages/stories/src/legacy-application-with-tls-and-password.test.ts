import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, openDialog, otherTestCertificate, testCertificate } from '@posthaste/testkit';
import { hashPassword } from '@posthaste/users';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'posthaste-legacy-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** As certbot, Kubernetes and careful people replace files. */
function put(name: string, text: string): void {
  writeFileSync(join(dir, `${name}.next`), text);
  renameSync(join(dir, `${name}.next`), join(dir, name));
}

const putCertificate = ({ cert, key }: typeof testCertificate) => [put('cert', cert), put('key', key)];
const putUsers = (...users: object[]) => put('users', JSON.stringify({ users }));

/** Resolves when a client that trusts this certificate gets this reply to this login. */
async function answers(
  { ports }: System,
  { cert }: typeof testCertificate,
  [user, password]: readonly [string, string],
  code: string,
): Promise<void> {
  await eventually(async () => {
    const dialog = await openDialog({ host: '127.0.0.1', port: ports['relay.listen'] });
    try {
      await dialog.reply();
      await dialog.say('EHLO c');
      await dialog.say('STARTTLS');
      await dialog.secure(cert);
      await dialog.say('EHLO c');
      const reply = await dialog.say(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
      expect(reply.slice(0, 3)).toBe(code);
    } finally {
      dialog.close();
    }
  });
}

it('an application changes host and password only: its mail goes through TLS and a login, while certificate and users are replaced', async () => {
  const [old, fresh] = await Promise.all([hashPassword('old password'), hashPassword('new password')]);
  const shop = { name: 'shop', tenant: 'shop', lane: 'high', tags: { app: 'shop' } };
  const news = { name: 'news', password: old, tenant: 'news', lane: 'low' };
  putCertificate(testCertificate);
  putUsers({ ...shop, password: old }, news);
  const settings = {
    'relay.tlsCert': join(dir, 'cert'),
    'relay.tlsKey': join(dir, 'key'),
    'relay.users': join(dir, 'users'),
    'relay.trustedNetworks': 'none',
    'relay.authWithoutTls': 'none',
    'relay.failedLoginDelay': '1ms',
  };
  await play({ settings }, async (system) => {
    const port = system.ports['relay.listen'];
    let [certificate, password] = [testCertificate, 'old password'];
    const ca = () => certificate.cert;
    const load = (user: string, prefix: string, secret: () => string, control = {}) =>
      new Load({ mails: storyMails(200, () => ({ control }), prefix), sessions: 3, client: () => smtpClient(port, { ca, user, password: secret }) });

    const first = load('shop', 'first', () => password);
    const bulk = load('news', 'bulk', () => 'old password', { 'X-Posthaste-Tenant': 'shop', 'X-Posthaste-Tags': 'campaign=spring' });
    await first.reaches(50);
    putCertificate(otherTestCertificate);
    await answers(system, otherTestCertificate, ['news', 'old password'], '235');
    await Promise.all([first.done, bulk.done]);
    expect(first.refusals).toEqual(new Map());

    certificate = otherTestCertificate;
    putUsers({ ...shop, password: fresh, tenant: 'shop2' }, news);
    await answers(system, certificate, ['shop', 'old password'], '535');
    password = 'new password';
    const second = load('shop', 'second', () => password);
    const { history } = await settle(system, [first, bulk, second]);

    const tickets = new Map(history.of('accepted').map(({ id, ticket }) => [id, ticket]));
    const kinds = (mails: Load) => new Set([...mails.accepted.keys()].map((id) => JSON.stringify(pick(tickets.get(id)))));
    expect(kinds(first)).toEqual(new Set([JSON.stringify({ tenant: 'shop', lane: 'high', tags: { app: 'shop' } })]));
    expect(kinds(bulk)).toEqual(new Set([JSON.stringify({ tenant: 'news', lane: 'low', tags: { campaign: 'spring' } })]));
    expect(kinds(second)).toEqual(new Set([JSON.stringify({ tenant: 'shop2', lane: 'high', tags: { app: 'shop' } })]));
    const metrics = await system.relay.metrics();
    expect(metrics.sum('posthaste_relay_refusals_total', { reason: 'LOGIN_WRONG' })).toBeGreaterThan(0);
  });
});

function pick(ticket: { tenant: string; lane: string; tags?: Readonly<Record<string, string>> } | undefined) {
  return ticket && { tenant: ticket.tenant, lane: ticket.lane, tags: ticket.tags };
}
