import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort } from '@posthaste/testkit';
import { afterAll, expect, onTestFinished, test } from 'vitest';
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

test("the inbox's page goes with its bundle", async () => {
  const { inbox } = await bundlePrograms(['inbox'], folder);
  const [smtp, http] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [inbox, `--inbox.smtp=127.0.0.1:${smtp}`, `--inbox.http=127.0.0.1:${http}`], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });
  const page = await eventually(async () => (await fetch(`http://127.0.0.1:${http}/`)).text());
  expect(page).toContain('<html');
  expect((await fetch(`http://127.0.0.1:${http}/page/main.js`)).headers.get('content-type')).toContain('javascript');
});
