/**
 * Makes a folder that can be published: JavaScript and declarations, the generated contract inside, and no word of this workspace. Node runs TypeScript
 * here, but not below node_modules.
 *
 *     pnpm --filter @posthaste/client pack:dist && npm publish packages/client/dist
 */
import { execFile } from 'node:child_process';
import { copyFile, glob, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const here = join(import.meta.dirname, '../..');
const protocol = '@posthaste/protocol';
const run = promisify(execFile);

/** Writes the package into `folder`, which is emptied first. */
export async function packInto(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await run(join(here, '../../node_modules/.bin/tsc'), ['-p', join(here, 'tsconfig.build.json'), '--outDir', folder]);
  for await (const file of glob(join(folder, '**/*.{js,ts}'))) await rename(file);
  await copyFile(join(here, 'README.md'), join(folder, 'README.md'));
  const manifest = JSON.parse(await readFile(join(here, 'package.json'), 'utf8')) as Manifest;
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(await publishable(manifest), null, 2)}\n`);
}

/** The contract is found inside the package. */
async function rename(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (text.includes(protocol)) await writeFile(file, text.replaceAll(`'${protocol}'`, "'#protocol'"));
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

async function publishable({ name, version, description, license, exports, imports, dependencies }: Manifest) {
  const published = Object.entries(exports).filter(([path]) => path !== './contract');
  const byRuntime = Object.entries(imports).map(([key, files]) => [key, Object.fromEntries(Object.entries(files).map(built))] as const);
  const needed = Object.keys(dependencies).filter((dependency) => dependency !== protocol);
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines: { node: '>=22' },
    exports: Object.fromEntries(published.map(built)),
    imports: { ...Object.fromEntries(byRuntime), '#protocol': './protocol/src/index.js' },
    dependencies: Object.fromEntries(await Promise.all(needed.map(async (dependency) => [dependency, `^${await versionOf(dependency)}`]))),
  };
}

function built([key, file]: readonly [string, string]): [string, string] {
  return [key, file.replace('./src/', './client/src/').replace(/\.ts$/, '.js')];
}

/** What stands in the workspace. */
async function versionOf(dependency: string): Promise<string> {
  const entry = createRequire(join(here, 'package.json')).resolve.paths(dependency)?.[0] ?? '';
  const { version } = JSON.parse(await readFile(join(entry, dependency, 'package.json'), 'utf8')) as { readonly version: string };
  return version;
}
