import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const slowestFetchMs = 300_000;
const release = 'v2.15.1';
const publisher = `https://github.com/nats-io/nats-server/releases/download/${release}`;

/** The names that Go, and so the release, gives to what Node calls otherwise. */
const architectures: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
  ['arm', 'arm7'],
  ['s390x', 's390x'],
  ['ppc64', 'ppc64le'],
]);

/** Fetches the official release archive into `folder` and checks it against the release's published SHA-256. */
export async function fetchFromRelease(folder: string, from = publisher): Promise<string> {
  const architecture = architectures.get(process.arch);
  if (architecture === undefined || !['linux', 'darwin', 'freebsd'].includes(process.platform)) {
    throw new Error(`there is no release archive for ${process.platform} on ${process.arch}`);
  }
  const name = `nats-server-${release}-${process.platform}-${architecture}`;
  const sums = (await download(`${from}/SHA256SUMS`)).toString('utf8');
  const archive = await download(`${from}/${name}.tar.gz`);
  checkSum(archive, `${name}.tar.gz`, sums);
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'nats-server.tar.gz');
  await writeFile(path, archive);
  await run('tar', ['-xzf', path, '-C', folder], { timeout: slowestFetchMs });
  return join(folder, name, 'nats-server');
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(slowestFetchMs) }).catch((cause: unknown) => {
    throw new Error(`${url} cannot be reached`, { cause });
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** SHA256SUMS has lines `<hex>  <name>`, with a star before the name when it was read as binary. */
function checkSum(archive: Buffer, name: string, sums: string): void {
  const line = sums.split('\n').find((each) => each.trim().split(/\s+\*?/)[1] === name);
  const published = line?.trim().split(/\s+/)[0]?.toLowerCase();
  const actual = createHash('sha256').update(archive).digest('hex');
  if (published === undefined) throw new Error(`SHA256SUMS of the release does not name ${name}`);
  if (published !== actual) throw new Error(`${name} has the SHA-256 ${actual}, but ${published} was published; it was not kept`);
}
