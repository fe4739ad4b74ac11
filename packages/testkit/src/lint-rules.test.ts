import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A tree that breaks each rule once, and beside each breach the place where the same words are allowed. */
const tree: Record<string, string> = {
  'apps/relay/src/nats.ts': "import { connect } from '@nats-io/transport-node';\nexport { connect };\n",
  'packages/stream/src/nats.ts': "import { connect } from '@nats-io/transport-node';\nexport { connect };\n",
  'apps/api/src/smtp.ts': "export { SMTPServer } from 'smtp-server';\n",
  'apps/relay/src/smtp.ts': "export { SMTPServer } from 'smtp-server';\n",
  'apps/sender/src/server.ts': "import SMTPConnection from 'nodemailer/lib/smtp-connection';\nexport { SMTPConnection };\n",
  'apps/sender/src/smtp-upstream.ts': "import SMTPConnection from 'nodemailer/lib/smtp-connection';\nexport { SMTPConnection };\n",
  'apps/api/src/rest.ts': "import MailComposer from 'nodemailer/lib/mail-composer';\nexport { MailComposer };\n",
  'packages/client/src/nodemailer-transport.ts': "export { createTransport } from 'nodemailer';\n",
  'packages/client/src/nodemailer-transport.test.ts': "export { createTransport } from 'nodemailer';\n",
  'apps/cli/src/by-name.ts': "export { start } from '@posthaste/relay';\n",
  'apps/cli/src/by-path.ts': "export { start } from '../../relay/src/server.ts';\n",
  'apps/cli/src/lazily.ts': "export const start = () => import('@posthaste/relay');\n",
  'packages/ledger/src/app.ts': "export { start } from '@posthaste/relay';\n",
  'packages/core/src/outward.ts': "export { systemClock } from '@posthaste/telemetry';\n",
  'packages/core/src/builtin.ts': "export { randomUUID } from 'node:crypto';\n",
  'packages/core/src/inward.ts': "export { a } from './lane/a.ts';\n",
  'packages/core/src/outward.test.ts': "export { expect } from 'vitest';\n",
  'packages/core/src/lane/a.ts': 'export const a = 1;\n',
  'packages/core/src/wall.ts': 'export const wall = () => Date.now();\n',
  'apps/scheduler/src/dice.ts': 'export const dice = () => Math.random();\n',
  'apps/sender/src/timer.ts': 'export const timer = setTimeout(() => undefined, 1);\n',
  'apps/sender/src/global-timer.ts': 'export const timer = globalThis.setTimeout(() => undefined, 1);\n',
  'apps/scheduler/src/timers.ts': "export { setTimeout as sleep } from 'node:timers/promises';\n",
  'apps/scheduler/src/dice.test.ts': 'export const dice = () => [Math.random(), Date.now(), setInterval(() => undefined, 1)];\n',
  'apps/relay/src/wall.ts': 'export const wall = () => Date.now();\n',
  'packages/ledger/src/environment.ts': "export const home = process.env['HOME'];\n",
  'packages/config/src/environment.ts': "export const home = process.env['HOME'];\n",
  'apps/relay/src/main.ts': "export const home = process.env['HOME'];\n",
  'packages/ledger/src/hen.ts': "import { egg } from './egg.ts';\nexport const hen = () => egg;\n",
  'packages/ledger/src/egg.ts': "import { hen } from './hen.ts';\nexport const egg = () => hen;\n",
  'packages/stream/src/index.ts': "import { rows } from '@posthaste/ledger';\nexport const streams = () => rows;\n",
  'packages/ledger/src/index.ts': "import { streams } from '@posthaste/stream';\nexport const rows = () => streams;\n",
  'packages/stream/package.json': '{ "name": "@posthaste/stream", "type": "module", "exports": { ".": "./src/index.ts" } }',
  'packages/ledger/package.json': '{ "name": "@posthaste/ledger", "type": "module", "exports": { ".": "./src/index.ts" } }',
  'apps/relay/src/floating.ts': 'const save = async () => 1;\nexport function hurry() {\n  save();\n}\n',
  'apps/relay/src/misused.ts': 'const save = async () => true;\nexport const sure = () => (save() ? 1 : 2);\n',
  'tsconfig.json': '{ "compilerOptions": { "strict": true, "module": "nodenext", "noEmit": true, "allowImportingTsExtensions": true, "types": [] } }',
};

interface Finding {
  readonly code: string;
  readonly filename: string;
}

let folder: string;
let findings: readonly Finding[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-lint-'));
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await mkdir(join(folder, 'node_modules/@posthaste'), { recursive: true });
  for (const name of ['stream', 'ledger']) await symlink(join(folder, 'packages', name), join(folder, 'node_modules/@posthaste', name));
  findings = await lint();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** oxlint exits with 1 when it found something, which it should. */
function lint(): Promise<readonly Finding[]> {
  const program = new URL('../node_modules/.bin/oxlint', import.meta.url).pathname;
  const config = new URL('../oxlint.config.ts', import.meta.url).pathname;
  return new Promise((resolve, reject) => {
    execFile(program, ['--type-aware', '-c', config, '-f', 'json'], { cwd: folder }, (_, out, complaint) => {
      if (!out.startsWith('{')) reject(new Error(`oxlint did not lint: ${complaint}${out}`));
      else resolve((JSON.parse(out) as { diagnostics: Finding[] }).diagnostics);
    });
  });
}

function codesIn(path: string): string[] {
  return findings.filter((finding) => finding.filename === path).map((finding) => finding.code);
}

const breaches: Record<string, readonly string[]> = {
  'eslint(no-restricted-imports)': [
    'apps/relay/src/nats.ts',
    'apps/api/src/smtp.ts',
    'apps/sender/src/server.ts',
    'apps/api/src/rest.ts',
    'packages/client/src/nodemailer-transport.ts',
    'apps/cli/src/by-name.ts',
    'apps/cli/src/by-path.ts',
    'apps/cli/src/lazily.ts',
    'packages/ledger/src/app.ts',
    'packages/core/src/outward.ts',
    'packages/core/src/builtin.ts',
    'apps/scheduler/src/timers.ts',
  ],
  'eslint(no-restricted-properties)': ['packages/core/src/wall.ts', 'apps/scheduler/src/dice.ts', 'apps/sender/src/global-timer.ts'],
  'eslint(no-restricted-globals)': ['apps/sender/src/timer.ts'],
  'node(no-process-env)': ['packages/ledger/src/environment.ts'],
  'import(no-cycle)': ['packages/ledger/src/hen.ts', 'packages/ledger/src/egg.ts', 'packages/stream/src/index.ts', 'packages/ledger/src/index.ts'],
  'typescript(no-floating-promises)': ['apps/relay/src/floating.ts'],
  'typescript(no-misused-promises)': ['apps/relay/src/misused.ts'],
};
const wrong = Object.entries(breaches).flatMap(([code, paths]) => paths.map((path) => ({ code, path })));
const right = Object.keys(tree).filter((path) => path.endsWith('.ts') && !wrong.some((breach) => breach.path === path));

test.each(wrong)('$code is found in $path', ({ code, path }) => {
  expect(codesIn(path)).toContain(code);
});

test.each(right)('nothing is found in %s', (path) => {
  expect(codesIn(path)).toEqual([]);
});
