import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DebianMirror, findDebianMirrors } from './apt-sources.ts';

const run = promisify(execFile);
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const slowestFetchMs = 300_000;

/**
 * Fetches nats-server out of Debian's unstable suite, from the mirror that this machine is set up for, into `folder`. apt checks the signatures;
 * its lists are private to `folder`, so the system's own sources and packages stay as they are and no root is needed.
 */
export async function fetchFromDebian(folder: string): Promise<string> {
  const mirrors = findDebianMirrors(readAptSources());
  if (mirrors.length === 0) throw new Error('this machine has no Debian mirror among its apt sources');
  const failures: string[] = [];
  for (const [index, mirror] of mirrors.entries()) {
    try {
      return await fetchFromMirror(mirror, join(folder, `mirror-${index}`));
    } catch (error) {
      failures.push(`${mirror.uri}: ${lastWords(error)}`);
    }
  }
  throw new Error(failures.join('; '));
}

function readAptSources(root = '/etc/apt'): { path: string; text: string }[] {
  const parts = join(root, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name)) : [];
  const paths = [join(root, 'sources.list'), ...names.map((name) => join(parts, name))];
  return paths.filter((path) => existsSync(path)).map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

async function fetchFromMirror(mirror: DebianMirror, folder: string): Promise<string> {
  const apt = await prepareApt(mirror, folder);
  await apt(['update']);
  await apt(['download', 'nats-server']);
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get download left no package behind');
  await run('dpkg', ['-x', join(folder, archive), join(folder, 'unpacked')], { timeout: slowestFetchMs });
  return join(folder, 'unpacked/usr/sbin/nats-server');
}

async function prepareApt(mirror: DebianMirror, folder: string): Promise<(args: readonly string[]) => Promise<unknown>> {
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  const sources = join(folder, 'unstable.sources');
  await writeFile(sources, describeSource(mirror));
  const options = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    // As root apt downloads as the user _apt, who cannot enter a home folder such as /root.
    'APT::Sandbox::User': 'root',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (args) => run('apt-get', ['-q', ...flags, ...args], { cwd: folder, timeout: slowestFetchMs });
}

function describeSource(mirror: DebianMirror): string {
  const signedBy = mirror.signedBy ?? (existsSync(keyring) ? keyring : undefined);
  const fields = ['Types: deb', `URIs: ${mirror.uri}`, 'Suites: unstable', 'Components: main'];
  // A key that stands in the entry itself goes over several lines, each led by a space.
  return [...fields, ...(signedBy === undefined ? [] : [`Signed-By:${signedBy.includes('\n') ? '\n ' : ' '}${signedBy}`]), ''].join('\n');
}

/** The lines of apt that begin with E: say why; its other output is progress. */
function lastWords(error: unknown): string {
  const { stderr = '', message } = error as Error & { stderr?: string };
  const reasons = stderr.split('\n').filter((line) => line.startsWith('E:'));
  return reasons.length > 0 ? reasons.join(' ') : (message.split('\n', 1)[0] ?? 'failed');
}
