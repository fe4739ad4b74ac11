import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '@posthaste/testkit';
import { posthaste } from '../rig.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** An admin port that answers a rebuild with these lines. */
async function answering(lines: readonly object[]): Promise<string> {
  server = createServer((request, response) => {
    const isRebuild = request.method === 'POST' && request.url === '/ledger/rebuild';
    response.writeHead(isRebuild ? 200 : 404).end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const reading = { kind: 'reading', entries: 10, of: 20 };
const done = { kind: 'done', messages: 20, tookMs: 1_432 };

it('shows how far it is, and what came of it', async () => {
  const admin = await answering([reading, done]);
  const [table, jsonl, json] = await Promise.all([
    posthaste(['ledger', 'rebuild'], { env: { POSTHASTE_API_ADMIN: admin } }),
    posthaste(['ledger', 'rebuild', '-o', 'jsonl', '--admin', `http://${admin}`]),
    posthaste(['ledger', 'rebuild', '-o', 'json', '-q', '--admin', `http://${admin}`]),
  ]);
  expect(table).toEqual({ code: 0, out: 'done: 20 mails, in 1.4 s\n', err: '10 of 20 entries of the journal are read\n' });
  expect(
    jsonl.out
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([reading, done]);
  expect(json).toEqual({ code: 0, out: `${JSON.stringify(done)}\n`, err: '' });
});

it('does not take a broken answer, or none, for the end', async () => {
  const admin = await answering([reading]);
  const [broken, away] = await Promise.all([
    posthaste(['ledger', 'rebuild', '--admin', `http://${admin}`]),
    posthaste(['ledger', 'rebuild', '--admin', `http://127.0.0.1:${await freePort()}`]),
  ]);
  expect(broken.code).toBe(1);
  expect(away).toMatchObject({ code: 6, err: expect.stringContaining('--admin names another') });
});
