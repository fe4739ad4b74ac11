import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const slowestInstallMs = 300_000;

/** The peers' own versions, and those of what they need that are known to be had. */
const manifest = {
  private: true,
  dependencies: { Haraka: '3.3.4', bullmq: '6.7.0', ioredis: '5.8.2', nodemailer: '10.6.0' },
  overrides: { 'encoding-japanese': '2.2.0', libbase64: '1.3.0', libmime: '5.3.7', libqp: '2.1.1' },
};

/** Installs the peers that come by npm into `folder`, once for each manifest. They are no dependencies of the workspace: few will ever run them. */
export async function installPeers(folder: string): Promise<void> {
  const text = JSON.stringify(manifest, undefined, 2);
  const done = join(folder, 'installed.json');
  if ((await readFile(done, 'utf8').catch(() => '')) === text) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), text);
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'], { cwd: folder, timeout: slowestInstallMs }).catch(
    (error: Error & { stderr?: string }) => {
      const reasons = (error.stderr ?? '').split('\n').filter((line) => line.startsWith('npm error'));
      throw new Error(`npm cannot install it: ${reasons[1] ?? reasons[0] ?? error.message}`, { cause: error });
    },
  );
  await writeFile(done, text);
}
