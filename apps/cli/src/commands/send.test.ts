import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromJson } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  ErrorInfoSchema,
  type Lane,
  MessageSchema,
  MessageState,
  SubmissionService,
  SubmitRequestSchema,
  type SubmitRequest,
  SendAndWaitRequestSchema,
} from '@posthaste/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeApi, posthaste, type RunOptions, startFakeApi } from '../rig.ts';

const id = '019aa000-0000-7000-8000-000000000001';
let api: FakeApi;
let folder: string;
/** By subject, or by tenant for a raw message. */
const taken = new Map<string, SubmitRequest>();

/** What a subject says becomes of the mail. */
const outcomes: Readonly<Record<string, MessageState>> = {
  delivered: MessageState.DELIVERED,
  partly: MessageState.PARTLY_DELIVERED,
  failed: MessageState.FAILED,
  slow: MessageState.SENDING,
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-send-'));
  api = await startFakeApi((router) =>
    router.service(SubmissionService, {
      submit(request) {
        if (request.subject === 'taken') {
          const value = { reason: 'IDEMPOTENCY_KEY_REUSED', domain: 'posthaste.v1' };
          throw new ConnectError('the key belongs to another mail', Code.AlreadyExists, undefined, [{ desc: ErrorInfoSchema, value }]);
        }
        taken.set(request.subject || request.tenant, request);
        return { id, replayed: request.idempotencyKey === 'again' };
      },
      sendAndWait({ message }) {
        const state = outcomes[message?.subject ?? ''] ?? MessageState.UNSPECIFIED;
        return { accepted: { id }, settled: state !== MessageState.SENDING, message: create(MessageSchema, { id, state }) };
      },
    }),
  );
});
afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const envelope = ['--from', 'a@example.org', '--to', 'b@example.net'];
const send = (args: readonly string[], options: RunOptions = {}) =>
  posthaste(['send', ...args], { ...options, env: { POSTHASTE_ENDPOINT: api.endpoint } });

describe('posthaste send', () => {
  it('hands over what the flags say', async () => {
    const [picture, report] = [file('logo.png', Buffer.from([1, 2, 3])), file('report.pdf', 'pdf')];
    const args = ['--to', 'c@example.net', '--cc', 'd@example.net', '--bcc', 'e@example.net', '--reply-to', 'f@example.org', '--subject', 'all'];
    const content = ['--text', 'hello', '--html-file', file('a.html', '<p>hello</p>'), '--attach', report, '--inline', `logo=${picture}`];
    const wishes = [
      '--header',
      'X-A: b: c',
      '--lane',
      'low',
      '--tag',
      'campaign=spring',
      '--tenant',
      'shop',
      '--ttl',
      '15m',
      '--send-at',
      '2031-05-01T08:00:00Z',
    ];
    const { code, out } = await send([...envelope, ...args, ...content, ...wishes, '--idempotency-key', 'again']);
    expect({ code, out }).toEqual({ code: 0, out: `${id}  accepted before, under the same idempotency key\n` });
    expect(taken.get('all')).toMatchObject({
      from: 'a@example.org',
      to: ['b@example.net', 'c@example.net'],
      cc: ['d@example.net'],
      bcc: ['e@example.net'],
      replyTo: ['f@example.org'],
      text: 'hello',
      html: '<p>hello</p>',
      attachments: [
        { filename: 'logo.png', contentId: 'logo', content: new Uint8Array([1, 2, 3]) },
        { filename: 'report.pdf', contentId: '', content: new Uint8Array(Buffer.from('pdf')) },
      ],
      headers: { 'X-A': 'b: c' },
      lane: 4 satisfies Lane,
      tags: { campaign: 'spring' },
      tenant: 'shop',
      ttl: { seconds: 900n },
      sendAt: { seconds: 1_935_388_800n },
      idempotencyKey: 'again',
    });
  });

  it('reads the text from standard input when there is no other content, and prints the id alone with -q', async () => {
    const { code, out, err } = await send([...envelope, '-s', 'piped', '-q'], { input: 'Grüße\n' });
    expect({ code, out, err }).toEqual({ code: 0, out: `${id}\n`, err: '' });
    expect(taken.get('piped')?.text).toBe('Grüße\n');
  });

  it('sends a whole message as it is, to whom its headers name or to whom the flags do', async () => {
    const raw = 'From: A <a@example.org>\nTo: b@example.net, "C, D" <c@example.net>\nBcc: d@example.net\n\nhi\n';
    const codes = await Promise.all([
      send(['--raw', file('mail.eml', raw), '--tenant', 'headers']),
      send(['--raw', '-', '--to', 'x@example.net', '--from', '<>', '--tenant', 'flags'], { input: raw }),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([0, 0]);
    expect(taken.get('headers')).toMatchObject({ from: 'a@example.org', to: ['b@example.net', 'c@example.net', 'd@example.net'] });
    expect(Buffer.from(taken.get('headers')?.raw ?? []).toString()).toBe(raw);
    expect(taken.get('flags')).toMatchObject({ from: '<>', to: ['x@example.net'] });
  });

  it('tells by its exit code what became of the mail', async () => {
    const wait = (subject: string) => send([...envelope, '--text', 'x', '--wait', '-s', subject, '-q']);
    const ran = await Promise.all(['delivered', 'partly', 'failed', 'slow'].map(wait));
    expect(ran.map(({ code }) => code)).toEqual([0, 7, 1, 124]);
    expect(new Set(ran.map(({ out }) => out))).toEqual(new Set([`${id}\n`]));
    const said = await send([...envelope, '--text', 'x', '--wait=delivered', '--timeout', '2s', '-s', 'slow']);
    expect(said.err).toBe('still sending after 2 s; delivery goes on\n');
    const json = await send([...envelope, '--text', 'x', '--wait', '-s', 'delivered', '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({ accepted: { id }, settled: true, message: { state: 'MESSAGE_STATE_DELIVERED' } });
  });

  it("passes on the api's refusal with its reason", async () => {
    expect(await send([...envelope, '--text', 'x', '-s', 'taken'])).toEqual({
      code: 5,
      out: '',
      err: 'posthaste: the key belongs to another mail (IDEMPOTENCY_KEY_REUSED)\n',
    });
  });

  it('prints the request and sends nothing with --dry-run', async () => {
    const [plain, waiting] = await Promise.all([
      send([...envelope, '--text', 'x', '-s', 'dry', '--lane', 'high', '--dry-run']),
      send([...envelope, '--text', 'x', '-s', 'dry', '--wait', '--timeout', '2s', '--dry-run']),
    ]);
    const request = fromJson(SubmitRequestSchema, JSON.parse(plain.out));
    expect(request).toMatchObject({ from: 'a@example.org', to: ['b@example.net'], text: 'x', subject: 'dry', idempotencyKey: '' });
    expect(fromJson(SendAndWaitRequestSchema, JSON.parse(waiting.out))).toMatchObject({ timeout: { seconds: 2n }, message: { subject: 'dry' } });
    expect(taken.has('dry')).toBe(false);
  });

  it('sends no file with other letters than it has', async () => {
    const [latin, marked] = [join(folder, 'latin.txt'), join(folder, 'marked.txt')];
    writeFileSync(latin, Buffer.from('caf\u00e9', 'latin1'));
    writeFileSync(marked, '\ufeffcaf\u00e9');
    const [refused, read] = await Promise.all([latin, marked].map((path) => send([...envelope, '--text-file', path, '--dry-run'])));
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(`--text-file: ${latin} is not UTF-8`) });
    expect(JSON.parse(read?.out ?? '')).toMatchObject({ text: 'caf\u00e9' });
  });

  it.each([
    [['--to', 'b@example.net', '--text', 'x'], '--from is missing'],
    [['--from', 'a@example.org', '--text', 'x'], '--to is missing'],
    [[...envelope, '--text', 'x', '--text-file', 'y'], '--text and --text-file say the same'],
    [[...envelope, '--text', 'x', '--ttl', '5m', '--deadline', '1h'], '--ttl and --deadline say the same'],
    [[...envelope, '--text', 'x', '--timeout', '5s'], '--timeout bounds --wait'],
    [[...envelope, '--text', 'x', '--wait', '--timeout', '1h'], "--timeout: came '1h', expected 100ms to 5m"],
    [[...envelope, '--raw', 'x.eml', '--subject', 'x', '--tag', 'a=b'], '--raw is a whole message; --subject cannot be added to it'],
    [[...envelope, '--attach', '/nonexistent'], '--attach: /nonexistent cannot be read: ENOENT'],
    [
      [...envelope, '--text', 'x', '--lane', 'Urgent'],
      "--lane: came 'Urgent', expected one of immediate, high, normal, low, or the name of a further lane",
    ],
  ])('refuses %j', async (args, sentence) => {
    const { code, out, err } = await send(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
  });
});
