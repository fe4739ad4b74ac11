import { execFile } from 'node:child_process';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const slowestFetchMs = 300_000;

/**
 * Unpacks packages of the machine's own Debian release into `folder`, once. Nothing is installed: their services do not start, and what the machine
 * has stays as it is.
 */
export async function unpackDebian(packages: readonly string[], folder: string): Promise<void> {
  if (await exists(folder)) return;
  const scratch = `${folder}.part`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(join(scratch, 'root'), { recursive: true });
  // As root apt downloads as the user _apt, who cannot enter a home folder such as /root.
  await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages], { cwd: scratch, timeout: slowestFetchMs }).catch(explain);
  const archives = (await readdir(scratch)).filter((name) => name.endsWith('.deb'));
  for (const archive of archives) await run('dpkg', ['-x', join(scratch, archive), join(scratch, 'root')], { timeout: slowestFetchMs });
  await rename(join(scratch, 'root'), folder);
  await rm(scratch, { recursive: true });
}

function explain(error: Error & { stderr?: string; code?: unknown }): never {
  if (error.code === 'ENOENT') throw new Error('it comes from a Debian package, and there is no apt-get here', { cause: error });
  const reasons = (error.stderr ?? '').split('\n').filter((line) => line.startsWith('E:'));
  throw new Error(`its Debian package cannot be had (apt-get update may help): ${reasons.join(' ') || error.message}`, { cause: error });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
