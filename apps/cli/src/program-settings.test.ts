import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { variableName } from '@posthaste/config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { posthaste } from './rig.ts';

let folder: string;
let faulty: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-settings-'));
  faulty = join(folder, 'posthaste.yaml');
  writeFileSync(faulty, 'log: { level: loud }\napi: { maxSize: 25 }\nsender: { prefetsch: 1MiB }\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const faults = [
  "log.level (file PATH): came 'loud', expected one of debug, info, warn, error",
  "api.maxSize (file PATH): came '25'",
  'unknown setting sender.prefetsch',
];
const inFile = () => faults.map((fault) => fault.replace('PATH', faulty));

describe('the settings of all programs', () => {
  it('are listed, of all programs or of one', async () => {
    const [all, one, wrong] = await Promise.all([
      posthaste(['settings']),
      posthaste(['config', 'list', 'scheduler']),
      posthaste(['settings', 'relais']),
    ]);
    expect(all.out).toContain('POSTHASTE_UP_DATA_DIR');
    expect(all.out).toContain('POSTHASTE_RELAY_LISTEN');
    expect(one.out).toContain('--scheduler.senderLease=<duration>  POSTHASTE_SCHEDULER_SENDER_LEASE  [15s]');
    expect(one.out).not.toContain('POSTHASTE_RELAY_LISTEN');
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("<program>: came 'relais' (did you mean relay?)") });
  });

  it('are shown as they are in force, with their sources and without secrets', async () => {
    const env = { POSTHASTE_API_MAX_SIZE: '3MiB', POSTHASTE_UPSTREAMS: 'main=smtp://user:secret@mail.example:587' };
    const [api, all] = await Promise.all([posthaste(['config', 'print', 'api'], { env }), posthaste(['config', 'print', '-o', 'json'], { env })]);
    expect(api.out).toMatch(/api\.maxSize +3MiB +\(env POSTHASTE_API_MAX_SIZE\)/);
    const { programs } = JSON.parse(all.out) as { programs: { program: string; settings: { key: string; value: string }[] }[] };
    expect(programs.map(({ program }) => program)).toEqual(['up', 'scheduler', 'sender', 'relay', 'api', 'inbox']);
    expect(programs[2]?.settings).toContainEqual(
      expect.objectContaining({ key: 'upstreams', value: 'main=smtp://user:***@mail.example:587?tls=required' }),
    );
    expect(all.out).not.toContain('secret');
  });

  it('are checked together: each fault once, of every program', async () => {
    const [text, json, fine, print] = await Promise.all([
      posthaste(['config', 'check', '--config', faulty]),
      posthaste(['config', 'check', '-o', 'json'], { env: { POSTHASTE_CONFIG: faulty } }),
      posthaste(['config', 'check']),
      posthaste(['config', 'print', 'api', '--config', faulty]),
    ]);
    expect(text.code).toBe(1);
    expect(text.out.trimEnd().split('\n')).toHaveLength(faults.length);
    for (const fault of inFile()) expect(text.out).toContain(fault);
    expect((JSON.parse(json.out) as { faults: string[] }).faults).toHaveLength(faults.length);
    expect(fine).toEqual({ code: 0, out: 'no faults\n', err: '' });
    expect(print).toMatchObject({ code: 1, out: '' });
  });

  it('are checked with the files without which a program does not start, and shown whatever is in those', async () => {
    const users = join(folder, 'users.yaml');
    writeFileSync(users, 'users: [{ name: shop }]\n');
    const env = { POSTHASTE_RELAY_USERS: users, POSTHASTE_RELAY_TLS_CERT: '/nowhere/cert.pem', POSTHASTE_RELAY_TLS_KEY: '/nowhere/key.pem' };
    const [check, print] = await Promise.all([posthaste(['config', 'check'], { env }), posthaste(['config', 'print', 'relay'], { env })]);
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/^- relay\.tlsCert, relay\.tlsKey: ENOENT.*\/nowhere\/(cert|key)\.pem/m);
    expect(check.out).toMatch(/^- relay\.users \(.*users\.yaml\): the users file has a fault: .*password/m);
    expect(print.out).toMatch(/relay\.tlsCert +\/nowhere\/cert\.pem/);
  });

  it('can all stand in one environment and in one file: each program passes over those of the others', async () => {
    const shown = await posthaste(['config', 'print', '-o', 'json']);
    const { programs } = JSON.parse(shown.out) as { programs: { settings: { key: string; value: string }[] }[] };
    const given = programs.flatMap(({ settings }) => settings).filter(({ value }) => value !== '' && value !== 'not set');
    const env = Object.fromEntries(given.map(({ key, value }) => [variableName(key), value]));
    const file = join(folder, 'all.yaml');
    writeFileSync(file, JSON.stringify(Object.fromEntries(given.map(({ key, value }) => [key, value]))));
    const [byEnvironment, byFile] = await Promise.all([posthaste(['config', 'check'], { env }), posthaste(['config', 'check', '--config', file])]);
    expect(Object.keys(env)).toContain('POSTHASTE_DEAD_LETTERS_KEEP');
    expect(byEnvironment).toEqual({ code: 0, out: 'no faults\n', err: '' });
    expect(byFile).toEqual({ code: 0, out: 'no faults\n', err: '' });
  });

  it('keep up from starting anything, and are told with its own faults', async () => {
    const dataDir = join(folder, 'data');
    const [theirs, both] = await Promise.all([
      posthaste(['up', '--config', faulty, '--data-dir', dataDir]),
      posthaste(['up', '--config', faulty, '--data-dir', dataDir, '--durability', 'durabel']),
    ]);
    for (const { code, out, err } of [theirs, both]) {
      expect(code).toBe(2);
      expect(out).not.toContain('Posthaste is ready');
      for (const fault of inFile()) expect(err).toContain(fault);
    }
    expect(both.err).toContain("storage.durability (flag --durability): came 'durabel'");
    const refused = await posthaste(['up', '--data-dir', dataDir, '--api.listen', '127.0.0.1:0'], {
      env: { POSTHASTE_SCHEDULER_SENDER_LEASE: '1s' },
    });
    expect(refused.err).toContain('scheduler.senderLease (env POSTHASTE_SCHEDULER_SENDER_LEASE)');
  });
});
