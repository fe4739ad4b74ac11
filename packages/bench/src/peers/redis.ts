import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '@posthaste/testkit';
import { Child } from './child.ts';
import { unpackDebian } from './debian-packages.ts';

const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'liblua5.1-0', 'lua-cjson', 'lua-bitop', 'libhiredis0.14'];

export interface Redis {
  readonly port: number;
  stop(): Promise<void>;
}

export async function prepareRedis(folder: string): Promise<void> {
  if (installedRedis() === undefined) await unpackDebian(packages, join(folder, 'redis'));
}

/** With an append-only file that is synced each second, as its own documentation advises for queues. */
export async function startRedis(installed: string, folder: string): Promise<Redis> {
  const port = await freePort();
  const root = join(installed, 'redis');
  const command = installedRedis() ?? join(root, 'usr/bin/redis-server');
  const settings = { port, bind: '127.0.0.1', appendonly: 'yes', appendfsync: 'everysec', save: '', dir: folder };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const libraries = spawnSync('dpkg-architecture', ['-qDEB_HOST_MULTIARCH'], { encoding: 'utf8' }).stdout?.trim() || 'x86_64-linux-gnu';
  const env = { LD_LIBRARY_PATH: join(root, 'usr/lib', libraries) };
  const child = new Child({ command, args, cwd: folder, env, logFile: join(folder, 'redis.log') });
  await child.whenListening(port);
  return { port, stop: () => child.stop() };
}

function installedRedis(): string | undefined {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
