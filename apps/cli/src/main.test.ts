import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema, MessageSchema, MessageState, RecipientState, StatusService } from '@posthaste/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '@posthaste/testkit';
import { type FakeApi, posthaste, startFakeApi } from './rig.ts';

const known = '019aa000-0000-7000-8000-000000000001';
const restarted = known.replace('019', '01a');
/** How often a watch of `restarted` was asked to go on. */
let refusals = 0;
const many = 3_000;
let api: FakeApi;

const message = (id: string, state: MessageState) =>
  create(MessageSchema, { id, state, from: 'a@example.org', recipients: [{ address: 'b@example.net', state: RecipientState.SENDING }] });

/** An api that knows one message, whose list is long, and whose watch never ends for `stuck`. */
beforeAll(async () => {
  api = await startFakeApi((router) =>
    router.service(StatusService, {
      getMessage: ({ id }) => {
        if (id === 'secret') throw new ConnectError('sign in first', Code.Unauthenticated);
        if (id === known) return { message: message(id, MessageState.DELIVERED) };
        const detail = { desc: ErrorInfoSchema, value: { reason: 'MESSAGE_NOT_FOUND', domain: 'posthaste.v1' } };
        throw new ConnectError(`no message ${id}`, Code.NotFound, undefined, [detail]);
      },
      listMessages: ({ pageSize }) => ({
        messages: Array.from({ length: pageSize }, () => message(known, MessageState.DELIVERED)),
        nextPageToken: 'more',
      }),
      async *watchMessage({ id, resumeToken }, { signal }) {
        if (resumeToken === '') yield { message: message(id, MessageState.SENDING), resumeToken: '1' };
        if (id === restarted && (resumeToken === '' || ++refusals <= 7)) throw new ConnectError('starting anew', Code.Unavailable);
        if (id !== 'stuck') yield { message: message(id, MessageState.PARTLY_DELIVERED), resumeToken: '2' };
        else await once(signal, 'abort');
      },
    }),
  );
});
afterAll(() => api.close());

const env = () => ({ POSTHASTE_ENDPOINT: api.endpoint });

describe('posthaste', () => {
  it('helps', async () => {
    const [all, up, status, codes] = await Promise.all([
      posthaste(['--help']),
      posthaste(['up', '--help']),
      posthaste(['status', '-h']),
      posthaste(['help', 'exit-codes']),
    ]);
    expect(all).toMatchObject({ code: 0, err: '' });
    expect(all.out).toContain('posthaste config print');
    expect(up.out).toContain('--port-base N');
    expect(status.out).toContain('POSTHASTE_ENDPOINT');
    expect(codes.out).toMatch(/124 .*--timeout/);
  });

  it('knows versions without fetching anything', async () => {
    const { code, out } = await posthaste(['version'], { env: { PATH: '', POSTHASTE_CACHE: '/nonexistent' } });
    expect(code).toBe(0);
    expect(out).toMatch(/^posthaste \d+\.\d+\.\d+\nnode \d+\.\d+\.\d+\nnats-server none yet/);
  });

  it('refuses what it does not know with one line and a hint', async () => {
    const [verb, flag, upFlag, none] = await Promise.all([
      posthaste(['stauts', known]),
      posthaste(['list', '--statte', 'failed']),
      posthaste(['up', '--data-dri=x']),
      posthaste([]),
    ]);
    expect(verb).toEqual({ code: 2, out: '', err: "posthaste: unknown command 'stauts' (did you mean status?)\nposthaste help lists them.\n" });
    expect(flag).toEqual({ code: 2, out: '', err: 'posthaste: unknown flag --statte (did you mean --state?)\nposthaste list --help tells more.\n' });
    expect(upFlag.code).toBe(2);
    expect(upFlag.err).toContain('unknown flag --data-dri (did you mean --data-dir?)');
    expect(none.code).toBe(2);
  });

  it('ends by Ctrl-C with 130', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'watch', 'stuck', '--endpoint', api.endpoint], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  });

  it('ends quietly when its reader has read enough', async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), 'list', '-n', String(many), '-o', 'jsonl', '--endpoint', api.endpoint],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const said = text(child.stderr);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await said).toBe('');
  });
});

describe('posthaste status', () => {
  it('shows a mail as text and as JSON, by each of its names', async () => {
    const [table, json, jsonl] = await Promise.all([
      posthaste(['status', known, '--endpoint', api.endpoint]),
      posthaste(['message', 'get', '-o', 'json', known], { env: env() }),
      posthaste(['show', '-ojsonl', known], { env: env() }),
    ]);
    expect(table.out).toMatch(new RegExp(`^${known}  delivered\n  from a@example.org`));
    expect(JSON.parse(json.out)).toMatchObject({ id: known, state: 'MESSAGE_STATE_DELIVERED' });
    expect(jsonl.out.split('\n')).toHaveLength(2);
    expect([table.code, json.code, jsonl.code]).toEqual([0, 0, 0]);
  });

  it('colours nothing that is piped', async () => {
    const { out } = await posthaste(['list', '-n', '1'], { env: env() });
    expect(out).toContain('delivered');
    expect(out).not.toContain('\x1b');
  });

  it('tells an unknown mail from an api that is away, by exit code and reason', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const [missing, missingJson, away] = await Promise.all([
      posthaste(['status', 'x', '--endpoint', api.endpoint]),
      posthaste(['status', 'x', '-o', 'json', '--endpoint', api.endpoint]),
      posthaste(['status', known, '--endpoint', nowhere]),
    ]);
    expect(missing).toEqual({ code: 3, out: '', err: 'posthaste: no message x (MESSAGE_NOT_FOUND)\n' });
    expect(JSON.parse(missingJson.err)).toEqual({ error: { code: 'NotFound', reason: 'MESSAGE_NOT_FOUND', message: 'no message x' } });
    expect(away.code).toBe(6);
    expect(away.err).toContain(`Is the api at ${nowhere}? Start it with posthaste up`);
  });

  it('tells that a proxy in front wants somebody to sign in', async () => {
    expect(await posthaste(['status', 'secret'], { env: env() })).toEqual({ code: 4, out: '', err: 'posthaste: sign in first\n' });
  });

  it('refuses a wrong call with exit code 2', async () => {
    const calls = [['status'], ['status', 'a', 'b'], ['status', 'a', '-o', 'xml'], ['status', 'a', '--endpoint', 'here'], ['status', '--what']];
    const codes = await Promise.all(calls.map(async (args) => (await posthaste(args)).code));
    expect(codes).toEqual([2, 2, 2, 2, 2]);
  });
});

describe('posthaste watch', () => {
  it('prints a line a change, and tells by its exit code what became of the mail', async () => {
    const [lines, last, late] = await Promise.all([
      posthaste(['watch', known, '-o', 'jsonl'], { env: env() }),
      posthaste(['watch', known, '-o', 'json'], { env: env() }),
      posthaste(['watch', 'stuck', '--timeout', '300ms'], { env: env() }),
    ]);
    expect(
      lines.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { state: string }).state),
    ).toEqual(['MESSAGE_STATE_SENDING', 'MESSAGE_STATE_PARTLY_DELIVERED']);
    expect(JSON.parse(last.out)).toMatchObject({ state: 'MESSAGE_STATE_PARTLY_DELIVERED' });
    expect([lines.code, last.code]).toEqual([7, 7]);
    expect(late).toMatchObject({ code: 124, out: expect.stringContaining('b@example.net  sending') });
    expect(late.err).toBe('still sending; delivery goes on\n');
  });

  it('goes on where it was when the api is back after a while', async () => {
    const { code, out, err } = await posthaste(['watch', restarted], { env: env() });
    expect({ code, err }).toEqual({ code: 7, err: '' });
    expect(out.match(/sending/g)).toHaveLength(1);
    expect(refusals).toBe(8);
  });
});

describe('posthaste list', () => {
  it('says when there is more, and prints one document or a line a mail', async () => {
    const [table, json, jsonl] = await Promise.all([
      posthaste(['ls', '-n', '2'], { env: env() }),
      posthaste(['list', '-n', '2', '-o', 'json'], { env: env() }),
      posthaste(['list', '-n', '2', '-o', 'jsonl', '-q'], { env: env() }),
    ]);
    expect(table.out.trimEnd().split('\n')).toHaveLength(3);
    expect(table.err).toBe('these are the 2 newest; --limit N or --all shows more\n');
    expect((JSON.parse(json.out) as { messages: object[] }).messages).toHaveLength(2);
    expect(jsonl.out.trimEnd().split('\n')).toHaveLength(2);
    expect(jsonl.err).toBe('');
  });
});
