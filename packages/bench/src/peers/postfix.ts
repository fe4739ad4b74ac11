import { execFile, spawnSync } from 'node:child_process';
import { chown, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@posthaste/testkit';
import { sendBySmtp } from './by-smtp.ts';
import { Child } from './child.ts';
import { unpackDebian } from './debian-packages.ts';
import type { Peer, PeerOptions, RunningPeer } from './peer.ts';

const run = promisify(execFile);

/** As a relay to a smart host: as many deliveries at a time as our sender has connections, connections kept, no chroot, no TLS. */
export const postfix: Peer = {
  name: 'Postfix 3.7',
  promise: 'fsynced',
  async prepare(folder) {
    if (process.getuid?.() !== 0) throw new Error('its master wants to be root');
    await unpackDebian(['postfix'], rootOf(folder));
    await completeDaemons(rootOf(folder));
  },
  start,
};

function rootOf(folder: string): string {
  return join(folder, 'postfix');
}

/** What the package's own installation script would put in place. */
async function completeDaemons(root: string): Promise<void> {
  for (const script of ['postfix-script', 'post-install'])
    await copyFile(join(root, 'etc/postfix', script), join(root, 'usr/lib/postfix/sbin', script));
  await copyFile(join(root, 'usr/share/postfix/dynamicmaps.cf'), join(root, 'etc/postfix/dynamicmaps.cf'));
}

async function start({ installed, folder, upstreamPort, smtpSource }: PeerOptions): Promise<RunningPeer> {
  const root = rootOf(installed);
  const port = await freePort();
  const config = join(folder, 'config');
  for (const each of ['config', 'queue', 'data']) await mkdir(join(folder, each), { recursive: true });
  const owner = chooseOwner();
  await chown(join(folder, 'data'), owner.uid, -1);
  await writeFile(join(config, 'main.cf'), mainOf(root, folder, upstreamPort, owner));
  await writeFile(join(config, 'master.cf'), masterOf(await readFile(join(root, 'usr/share/postfix/master.cf.dist'), 'utf8'), port));
  const env = { LD_LIBRARY_PATH: join(root, 'usr/lib/postfix') };
  const command = join(root, 'usr/sbin/postfix');
  // It makes its queue's folders, and says what it does not like.
  await run(command, ['-c', config, 'check'], { env });
  const child = new Child({ command, args: ['-c', config, 'start-fg'], cwd: folder, env, logFile: join(folder, 'postfix.log') });
  await child.whenListening(port);
  const stop = async () => {
    await run(command, ['-c', config, 'stop'], { env }).catch(() => {});
    await child.stop();
  };
  return { send: (order) => sendBySmtp(smtpSource, port, order), stop };
}

interface Owner {
  readonly user: string;
  readonly uid: number;
  readonly group: string;
}

/** The accounts that its installation makes, or others that every Debian has and that own nothing of importance here. */
function chooseOwner(): Owner {
  const user = uidOf('postfix') === undefined ? 'daemon' : 'postfix';
  const group = spawnSync('getent', ['group', 'postdrop']).status === 0 ? 'postdrop' : 'games';
  return { user, uid: uidOf(user) ?? 1, group };
}

function uidOf(user: string): number | undefined {
  const { status, stdout } = spawnSync('id', ['-u', user], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}

function mainOf(root: string, folder: string, upstreamPort: number, { user, group }: Owner): string {
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    command_directory: join(root, 'usr/sbin'),
    daemon_directory: join(root, 'usr/lib/postfix/sbin'),
    shlib_directory: join(root, 'usr/lib/postfix'),
    meta_directory: join(root, 'etc/postfix'),
    mail_owner: user,
    setgid_group: group,
    default_privs: 'nobody',
    import_environment: 'MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH',
    export_environment: 'TZ MAIL_CONFIG LANG LD_LIBRARY_PATH',
    maillog_file: join(folder, 'maillog'),
    maillog_file_prefixes: folder,
    myhostname: 'peer.example',
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    relayhost: `[127.0.0.1]:${upstreamPort}`,
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    alias_maps: '',
    alias_database: '',
    default_destination_concurrency_limit: '20',
    initial_destination_concurrency: '20',
    smtp_connection_cache_on_demand: 'yes',
    smtp_tls_security_level: 'none',
    smtpd_tls_security_level: 'none',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** Its own services on our port, none of them in a chroot (the fifth field). */
function masterOf(shipped: string, port: number): string {
  return shipped
    .replace(/^smtp(\s+inet)/m, `127.0.0.1:${port}$1`)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/^(\S+\s+\S+\s+\S+\s+\S+\s+)\S+/, '$1n'))
    .join('\n')
    .concat('\n');
}
