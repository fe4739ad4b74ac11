import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bundlePrograms } from './bundle.ts';
import { programNames, serverNames, sourceOf } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthaste-bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (file: string, ...argv: readonly string[]) => spawnSync(process.execPath, [file, ...argv], { cwd: folder, encoding: 'utf8' });

test('a bundle runs by itself and knows the same settings as its source', async () => {
  const files = await bundlePrograms(programNames, folder);
  for (const name of serverNames) {
    const bundled = run(files[name], '--help=json');
    expect(bundled.status, bundled.stderr).toBe(0);
    expect(bundled.stdout).toBe(run(sourceOf(name), '--help=json').stdout);
  }
  const version = run(files.cli, 'version');
  expect(version.status, version.stderr).toBe(0);
  expect(version.stdout).toBe(run(sourceOf('cli'), 'version').stdout);
});
