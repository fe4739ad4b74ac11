import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const packageFolder = fileURLToPath(new URL('../..', import.meta.url));
export const repositoryFolder = fileURLToPath(new URL('../../../..', import.meta.url));

/** What our contract imports of Google's, all in google-proto-files. */
const googleFiles = [
  'google/api/annotations.proto',
  'google/api/field_behavior.proto',
  'google/api/http.proto',
  'google/rpc/code.proto',
  'google/rpc/error_details.proto',
  'google/rpc/status.proto',
];

/**
 * buf resolves imports inside one folder, and there is no registry here to fetch them from. So a folder is put together for one
 * run: `contract`, a copy of proto/ by default, with the foreign files beside it.
 */
export function withContract<T>(use: (folder: string) => T, contract: string = join(repositoryFolder, 'proto')): T {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-contract-'));
  try {
    cpSync(contract, folder, { recursive: true });
    cpSync(join(packageFolder, 'third-party'), folder, { recursive: true });
    const google = dirname(createRequire(import.meta.url).resolve('google-proto-files/package.json'));
    for (const file of googleFiles) cpSync(join(google, file), join(folder, file));
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs buf with its words going to ours; the exit code tells whether it was content. */
export function buf(...args: string[]): number {
  const bin = join(packageFolder, 'node_modules/.bin');
  const path = [bin, dirname(process.execPath), process.env['PATH']].join(delimiter);
  const run = spawnSync(join(bin, 'buf'), args, { cwd: packageFolder, stdio: 'inherit', env: { ...process.env, PATH: path } });
  if (run.error) throw new Error('buf cannot be run', { cause: run.error });
  return run.status ?? 1;
}

/** Writes the generated code into `out`, a folder relative to this package or absolute. */
export function generateInto(out: string): number {
  return withContract((folder) => buf('generate', folder, '--template', 'buf.gen.yaml', '--exclude-path', join(folder, 'buf'), '--output', out));
}
