import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fetchFromRelease } from './fetch-release.ts';

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const name = `nats-server-v2.15.1-${process.platform}-${architecture}`;
let folder: string;
let publisher: Server;
const published = new Map<string, Buffer>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-release-'));
  mkdirSync(join(folder, 'made', name), { recursive: true });
  writeFileSync(join(folder, 'made', name, 'nats-server'), '#!/bin/sh\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', join(folder, 'made.tar.gz'), '-C', join(folder, 'made'), name]);
  published.clear();
  published.set(`/${name}.tar.gz`, readFileSync(join(folder, 'made.tar.gz')));
  publisher = createServer((request, response) => {
    const file = published.get(request.url ?? '');
    response.writeHead(file ? 200 : 404).end(file);
  });
  await new Promise<void>((resolve) => publisher.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise((resolve) => publisher.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const fetchIt = () => fetchFromRelease(join(folder, 'scratch'), `http://127.0.0.1:${(publisher.address() as AddressInfo).port}`);
const publishSums = (text: string) => published.set('/SHA256SUMS', Buffer.from(text));

it('unpacks an archive whose published SHA-256 is right', async () => {
  const sum = createHash('sha256')
    .update(published.get(`/${name}.tar.gz`) ?? '')
    .digest('hex');
  publishSums(`${'0'.repeat(64)}  other.zip\n${sum}  ${name}.tar.gz\n`);
  expect(readFileSync(await fetchIt(), 'utf8')).toBe('#!/bin/sh\n');
});

it('refuses an archive with another SHA-256, or one that the sums do not name', async () => {
  publishSums(`${'0'.repeat(64)}  ${name}.tar.gz\n`);
  await expect(fetchIt()).rejects.toThrow(/has the SHA-256 .*, but 0{64} was published/);
  publishSums(`${'0'.repeat(64)}  other.zip\n`);
  await expect(fetchIt()).rejects.toThrow(`does not name ${name}.tar.gz`);
});

it('says what was answered when the release is not there', async () => {
  await expect(fetchIt()).rejects.toThrow(/SHA256SUMS answered 404/);
  await expect(fetchFromRelease(folder, 'http://127.0.0.1:1')).rejects.toThrow('cannot be reached');
});
