import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packInto } from './pack.ts';

const run = promisify(execFile);
const here = join(import.meta.dirname, '../..');

let folder: string;
let packed: string;

/** A stranger's folder, in which the package lies as npm would put it there. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-packed-'));
  packed = join(folder, 'node_modules/@posthaste/client');
  await packInto(packed);
  for (const scope of ['@bufbuild', '@connectrpc']) await symlink(join(here, 'node_modules', scope), join(folder, 'node_modules', scope));
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
  await symlink(join(here, '../../node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rm(folder, { recursive: true }));

const program = `import { createPosthasteClient, type Mail, type MessageStateName } from '@posthaste/client';
import { createFakePosthaste } from '@posthaste/client/fake';
import { createPosthasteTransport } from '@posthaste/client/nodemailer';
createPosthasteClient().close();
const mail: Mail = { from: 'a@example.org', to: 'b@example.net', text: 'x' };
const { client } = createFakePosthaste();
const { message } = await client.sendAndWait(mail);
const state: MessageStateName | undefined = message?.state;
console.log(createPosthasteTransport(client).name, state);
`;

test('what is published runs where there is no TypeScript below node_modules', async () => {
  await writeFile(join(folder, 'program.ts'), program);
  const { stdout } = await run(process.execPath, [join(folder, 'program.ts')]);
  expect(stdout).toBe('Posthaste delivered\n');
});

test('its types are known to strangers', async () => {
  await writeFile(join(folder, 'wrong.ts'), program.replace("text: 'x'", 'text: 17'));
  await writeFile(join(folder, 'program.ts'), program);
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
  const check = (file: string) => run(join(here, '../../node_modules/.bin/tsc'), [...options, '--ignoreConfig', file], { cwd: folder });
  await expect(check('program.ts')).resolves.toBeDefined();
  await expect(check('wrong.ts')).rejects.toMatchObject({ stdout: expect.stringContaining("Type 'number' is not assignable to type 'string") });
});

test('it names no package of this workspace but itself', async () => {
  const manifest = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as { readonly dependencies: Record<string, string> };
  expect(Object.keys(manifest.dependencies)).toEqual([
    '@bufbuild/protobuf',
    '@bufbuild/protovalidate',
    '@connectrpc/connect',
    '@connectrpc/connect-node',
  ]);
  expect(Object.values(manifest.dependencies).every((version) => /^\^\d+\.\d+\.\d+$/.test(version))).toBe(true);
});
