import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { ErrorInfoSchema, MessageState, StatusService } from '@posthaste/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '@posthaste/testkit';

const known = '019aa000-0000-7000-8000-000000000001';
let api: Server;
let endpoint: string;

/** An api that knows one message. */
beforeAll(async () => {
  const handler = connectNodeAdapter({
    routes: (router) =>
      router.service(StatusService, {
        getMessage: ({ id }) => {
          if (id === known) return { message: { id, state: MessageState.DELIVERED, from: 'a@example.org' } };
          const detail = { desc: ErrorInfoSchema, value: { reason: 'MESSAGE_NOT_FOUND', domain: 'posthaste.v1' } };
          throw new ConnectError(`no message ${id}`, Code.NotFound, undefined, [detail]);
        },
      }),
  });
  api = createServer(handler).listen(0, '127.0.0.1');
  await once(api, 'listening');
  endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
});

async function posthaste(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number]>]);
  return { code, out, err };
}

describe('posthaste', () => {
  it('helps', async () => {
    const [all, up, status] = await Promise.all([posthaste(['--help']), posthaste(['up', '--help']), posthaste(['status', '-h'])]);
    expect(all).toMatchObject({ code: 0, err: '' });
    expect(all.out).toContain('posthaste status <id>');
    expect(up.out).toContain('--port-base N');
    expect(status.out).toContain('POSTHASTE_ENDPOINT');
  });

  it('lists what can be set, of all programs or of one', async () => {
    const [all, one, wrong] = await Promise.all([posthaste(['settings']), posthaste(['settings', 'scheduler']), posthaste(['settings', 'relais'])]);
    expect(all.out).toContain('POSTHASTE_UP_DATA_DIR');
    expect(all.out).toContain('POSTHASTE_RELAY_LISTEN');
    expect(one.out).toContain('--scheduler.senderLease=<duration>  POSTHASTE_SCHEDULER_SENDER_LEASE  [15s]');
    expect(one.out).not.toContain('POSTHASTE_RELAY_LISTEN');
    expect(wrong).toMatchObject({ code: 2, err: "posthaste: unknown program 'relais' (did you mean relay?)\n" });
  });

  it('knows versions without fetching anything', async () => {
    const { code, out } = await posthaste(['version'], { PATH: '', POSTHASTE_CACHE: '/nonexistent' });
    expect(code).toBe(0);
    expect(out).toMatch(/^posthaste \d+\.\d+\.\d+\nnode \d+\.\d+\.\d+\nnats-server none yet/);
  });

  it('refuses what it does not know, with what may have been meant', async () => {
    const [verb, flag, none] = await Promise.all([posthaste(['stauts']), posthaste(['up', '--data-dri=x']), posthaste([])]);
    expect(verb).toMatchObject({ code: 2, err: "posthaste: unknown verb 'stauts' (did you mean status?); posthaste --help lists them\n" });
    expect(flag.code).toBe(2);
    expect(flag.err).toContain('unknown flag --data-dri (did you mean --data-dir?)');
    expect(none.code).toBe(2);
  });
});

describe('posthaste status', () => {
  it('shows a mail as text and as JSON', async () => {
    const [table, json] = await Promise.all([
      posthaste(['status', known, '--endpoint', endpoint]),
      posthaste(['status', '-o', 'json', known], { POSTHASTE_ENDPOINT: endpoint }),
    ]);
    expect(table.out).toMatch(new RegExp(`^${known}  delivered\n  from a@example.org`));
    expect(JSON.parse(json.out)).toMatchObject({ id: known, state: 'MESSAGE_STATE_DELIVERED' });
    expect([table.code, json.code]).toEqual([0, 0]);
  });

  it('tells an unknown mail from an api that is away, by exit code and reason', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const [missing, missingJson, away] = await Promise.all([
      posthaste(['status', 'x', '--endpoint', endpoint]),
      posthaste(['status', 'x', '-o', 'json', '--endpoint', endpoint]),
      posthaste(['status', known, '--endpoint', nowhere]),
    ]);
    expect(missing).toMatchObject({ code: 3, out: '', err: 'posthaste: no message x (MESSAGE_NOT_FOUND)\n' });
    expect(JSON.parse(missingJson.err)).toEqual({ error: { code: 'NotFound', reason: 'MESSAGE_NOT_FOUND', message: 'no message x' } });
    expect(away.code).toBe(6);
    expect(away.err).toContain(`Is the api at ${nowhere}? Start it with posthaste up`);
  });

  it('refuses a wrong call with exit code 2', async () => {
    const calls = [['status'], ['status', 'a', 'b'], ['status', 'a', '-o', 'xml'], ['status', 'a', '--endpoint', 'here'], ['status', '--what']];
    const codes = await Promise.all(calls.map(async (args) => (await posthaste(args)).code));
    expect(codes).toEqual([2, 2, 2, 2, 2]);
  });
});
