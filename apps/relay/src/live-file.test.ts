import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock as clock } from '@posthaste/telemetry';
import { eventually, otherTestCertificate, testCertificate } from '@posthaste/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCertificate } from './certificate.ts';
import { LiveFile } from './live-file.ts';
import { staleFiles } from './metrics.ts';

let dir: string;
const open: { close(): void }[] = [];
const at = (name: string) => join(dir, name);
const put = (name: string, text: string) => writeFileSync(at(name), text);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'posthaste-live-'));
});

afterEach(() => {
  for (const file of open.splice(0)) file.close();
  rmSync(dir, { recursive: true });
});

async function openText(intervalMs = 5): Promise<LiveFile<string>> {
  const read = async () => {
    const text = await readFile(at('text'), 'utf8');
    if (text.includes('broken')) throw new Error('broken');
    return text;
  };
  const file = await LiveFile.open({ name: 'users', paths: [at('text')], read, clock, log: silentLog, intervalMs });
  open.push(file);
  return file;
}

const stale = async () => (await staleFiles.get()).values.find(({ labels }) => labels.file === 'users')?.value;

describe('a file that is replaced while we run', () => {
  it('is read anew when it is written, or another is renamed over it', async () => {
    put('text', 'one');
    const file = await openText();
    const heard: string[] = [];
    file.onChange((text) => heard.push(text));
    put('text', 'two');
    await eventually(() => file.current === 'two');
    put('next', 'six');
    renameSync(at('next'), at('text'));
    await eventually(() => file.current === 'six');
    expect(heard).toEqual(['two', 'six']);
  });

  it('is read anew when a symbolic link above it is swapped, as Kubernetes does', async () => {
    for (const version of ['v1', 'v2']) mkdirSync(at(version));
    put('v1/text', 'same size 1');
    put('v2/text', 'same size 2');
    symlinkSync('v1', at('data'));
    symlinkSync('data/text', at('text'));
    const file = await openText();
    symlinkSync('v2', at('data_tmp'));
    renameSync(at('data_tmp'), at('data'));
    await eventually(() => file.current === 'same size 2');
  });

  it('stays as it was while the new version is broken or gone, and the metric says so', async () => {
    put('text', 'one');
    const file = await openText();
    expect(await stale()).toBe(0);
    put('text', 'broken');
    await eventually(async () => (await stale()) === 1);
    expect([file.current, file.fault]).toEqual(['one', new Error('broken')]);
    unlinkSync(at('text'));
    await eventually(() => String(file.fault).includes('ENOENT'));
    expect(file.current).toBe('one');
    put('text', 'two');
    await eventually(() => file.current === 'two');
    expect([file.fault, await stale()]).toEqual([undefined, 0]);
  });

  it('is read anew on request', async () => {
    put('text', 'one');
    const file = await openText(3_600_000);
    put('text', 'two');
    await file.reload();
    expect(file.current).toBe('two');
  });

  it('must be there and whole to begin with', async () => {
    await expect(openText()).rejects.toThrow('ENOENT');
    put('text', 'broken');
    await expect(openText()).rejects.toThrow('broken');
  });
});

describe('a certificate', () => {
  const openPair = async () => {
    const pair = await openCertificate({ certPath: at('cert'), keyPath: at('key') }, clock, silentLog, 5);
    open.push(pair);
    return pair;
  };

  it('and its key stay as they were until both have been replaced', async () => {
    put('cert', testCertificate.cert);
    put('key', testCertificate.key);
    const pair = await openPair();
    put('cert', otherTestCertificate.cert);
    await eventually(() => pair.fault !== undefined);
    expect(String(pair.fault)).toContain('does not belong to the certificate');
    expect(pair.current).toMatchObject(testCertificate);
    put('key', otherTestCertificate.key);
    await eventually(() => pair.current.key === otherTestCertificate.key);
    expect(pair.current).toMatchObject({ ...otherTestCertificate, expiresAt: expect.any(Number) });
  });

  it.each([
    ['no PEM', testCertificate.key, 'holds no certificate in PEM'],
    [testCertificate.cert, 'no PEM', 'holds no private key in PEM'],
    [testCertificate.cert, otherTestCertificate.key, 'does not belong to the certificate'],
  ])('is refused at the start when it cannot work', async (cert, key, sentence) => {
    put('cert', cert);
    put('key', key);
    await expect(openPair()).rejects.toThrow(sentence);
  });
});
