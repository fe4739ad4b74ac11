import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@posthaste/testkit';
import { sendBySmtp } from './by-smtp.ts';
import { Child } from './child.ts';
import { installPeers } from './npm-packages.ts';
import type { Peer, PeerOptions, RunningPeer } from './peer.ts';

/** Two processes on two cores, as many deliveries at a time as the machine bears, no more plugins than relaying takes. */
export const haraka: Peer = {
  name: 'Haraka 3.3, 2 processes',
  promise: 'file written, no fsync',
  prepare: (folder) => installPeers(join(folder, 'npm')),
  start,
};

async function start({ installed, folder, upstreamPort, smtpSource }: PeerOptions): Promise<RunningPeer> {
  const port = await freePort();
  const package_ = join(installed, 'npm/node_modules/Haraka');
  for (const each of ['config', 'plugins', 'queue']) await mkdir(join(folder, each), { recursive: true });
  for (const [name, text] of Object.entries(filesOf(port, upstreamPort))) await writeFile(join(folder, name), text);
  await copyFile(join(package_, 'config/connection.ini'), join(folder, 'config/connection.ini'));
  const args = [join(package_, 'bin/haraka'), '-c', folder];
  const child = new Child({ command: process.execPath, args, cwd: folder, logFile: join(folder, 'haraka.log') });
  await child.whenListening(port);
  return { send: (order) => sendBySmtp(smtpSource, port, order), stop: () => child.stop() };
}

const filesOf = (port: number, upstreamPort: number): Readonly<Record<string, string>> => ({
  'config/me': 'peer.example\n',
  'config/plugins': 'relay-all\n',
  'config/log.ini': 'level=WARN\n',
  'config/smtp.ini': `listen=127.0.0.1:${port}\nnodes=2\ndaemonize=false\n`,
  'config/outbound.ini': 'concurrency_max=100\nenable_tls=false\nlocal_mx_ok=true\n',
  'plugins/relay-all.js': `'use strict';
exports.hook_rcpt = (next, connection) => { connection.relaying = true; next(OK); };
exports.hook_get_mx = (next) => next(OK, { priority: 0, exchange: '127.0.0.1', port: ${upstreamPort} });
`,
});
