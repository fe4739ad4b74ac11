/**
 * What CI asks of the contract: it is lint-free, the committed code is what the generator makes of it, and nobody's client breaks.
 * `--against <git revision>` (default HEAD) says which earlier contract must not be broken.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { buf, generateInto, packageFolder, repositoryFolder, withContract } from './workspace.ts';

/** For everything, the dispatch protocol too: bytes stay readable. What buf.yaml asks goes further, and leaves the dispatch protocol out. */
const bytesRules = JSON.stringify({ version: 'v2', breaking: { use: ['WIRE_JSON'] } });

const { values } = parseArgs({ options: { against: { type: 'string', default: 'HEAD' } } });
const checks = [
  { name: 'buf lint', passes: () => withContract((folder) => buf('lint', folder)) === 0 },
  { name: 'generated code', passes: isGeneratedCodeFresh },
  { name: `buf breaking against ${values.against}`, passes: () => isCompatibleWith(values.against) },
];
for (const check of checks) {
  const passed = check.passes();
  console.log(`${passed ? 'passed' : 'FAILED'}: ${check.name}`);
  if (!passed) process.exitCode = 1;
}

function isGeneratedCodeFresh(): boolean {
  const fresh = mkdtempSync(join(tmpdir(), 'posthaste-generated-'));
  try {
    if (generateInto(fresh) !== 0) return false;
    const stale = differences(join(packageFolder, 'src/gen'), join(fresh, 'src/gen'));
    for (const file of stale) console.log(`  src/gen/${file} is not what the generator makes: run pnpm --filter @posthaste/protocol generate`);
    return stale.length === 0;
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function differences(committed: string, fresh: string): string[] {
  const [have, want] = [readTree(committed), readTree(fresh)];
  return [...new Set([...have.keys(), ...want.keys()])].filter((file) => have.get(file) !== want.get(file));
}

function readTree(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

function isCompatibleWith(revision: string): boolean {
  const earlier = mkdtempSync(join(tmpdir(), 'posthaste-earlier-'));
  try {
    if (!checkOutContract(revision, earlier)) {
      console.log(`  skipped: ${revision} holds no contract, so there is nothing to break`);
      return true;
    }
    return withContract((now) => withContract((before) => breaks(now, before), earlier)) === 0;
  } finally {
    rmSync(earlier, { recursive: true });
  }
}

function breaks(now: string, before: string): number {
  return buf('breaking', now, '--against', before) || buf('breaking', now, '--against', before, '--config', bytesRules);
}

/** Writes proto/ as it stands in `revision` into `folder`; false when the revision has none. */
function checkOutContract(revision: string, folder: string): boolean {
  const list = git('ls-tree', '-r', '--name-only', revision, '--', 'proto/');
  if (list === undefined || list.trim() === '') return false;
  for (const path of list.trim().split('\n')) {
    const file = join(folder, path.slice('proto/'.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, git('show', `${revision}:${path}`) ?? '');
  }
  return true;
}

function git(...args: string[]): string | undefined {
  const run = spawnSync('git', args, { cwd: repositoryFolder, encoding: 'utf8' });
  return run.status === 0 ? run.stdout : undefined;
}
