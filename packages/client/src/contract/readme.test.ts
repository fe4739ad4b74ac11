import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveFake, type ServedFake } from './served-fake.ts';

const run = promisify(execFile);
const here = join(import.meta.dirname, '../..');

let served: ServedFake;
let folder: string;
let examples: string[];

/** A stranger's folder, with this package and nodemailer in it. */
beforeAll(async () => {
  served = await serveFake();
  folder = await mkdtemp(join(tmpdir(), 'posthaste-readme-'));
  await mkdir(join(folder, 'node_modules/@posthaste'), { recursive: true });
  await symlink(here, join(folder, 'node_modules/@posthaste/client'));
  await symlink(join(here, 'node_modules/nodemailer'), join(folder, 'node_modules/nodemailer'));
  const readme = await readFile(join(here, 'README.md'), 'utf8');
  examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
});

afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

/** Runs the example as it stands but for the address, and returns its lines. */
async function runExample(place: number): Promise<string[]> {
  const file = join(folder, `example-${place}.mts`);
  await writeFile(file, examples[place]?.replace('http://127.0.0.1:8080', `http://${served.address}`) ?? '');
  const { stdout } = await run(process.execPath, [file]);
  return stdout.trimEnd().split('\n');
}

test('the first example sends a mail and watches it', async () => {
  const lines = await runExample(0);
  const [sent] = served.fake.submissions();
  expect(sent?.request).toMatchObject({ subject: 'Your order', tags: { order: '17' } });
  expect([lines[0], lines.at(-1)?.trim()]).toEqual([`accepted as ${sent?.id}`, 'delivered']);
});

test('the example of the fake holds', async () => {
  expect(await runExample(1)).toEqual(['']);
});

test('the example of nodemailer sends a mail', async () => {
  const [line] = await runExample(2);
  expect(line).toContain(served.fake.submissions().at(-1)?.id);
});

test('there are no other examples', () => {
  expect(examples).toHaveLength(3);
});
