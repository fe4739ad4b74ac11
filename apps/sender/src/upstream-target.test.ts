import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliveredUpstreams, loadConfig } from '@posthaste/config';
import { testCertificate } from '@posthaste/testkit';
import { afterAll, expect, it } from 'vitest';
import { senderSettings } from './config.ts';
import { targetOf } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthaste-target-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const load = (upstreams: string) => loadConfig(senderSettings, { argv: [], env: { POSTHASTE_UPSTREAMS: upstreams } });

it('takes the password that the URL holds, and the one that a file holds without its line end', () => {
  expect(targetOf('smtp://us%40er:p%3Aw@[::1]:1025').login?.password.reveal()).toBe('p:w');
  expect(targetOf({ host: 'mx.example', user: 'u', passwordFile: file('password', 'hunter2\n') }).login?.password.reveal()).toBe('hunter2');
});

it('trusts the authorities of its file beside those of the system', () => {
  expect(targetOf({ host: 'mx.example', tls: { ca: file('ca.pem', testCertificate.cert) } }).authorities).toBeDefined();
  expect(targetOf('smtp://mx.example').authorities).toBeUndefined();
});

it('takes a file that is of no use for a fault of the configuration, all at once', () => {
  const [empty, noPem] = [file('empty', '\n'), file('no.pem', 'hello')];
  const upstreams = `a=smtp://u@a.example?passwordFile=${folder}/none,b=smtp://u@b.example?passwordFile=${empty},c=smtp://c.example?ca=${noPem}`;
  expect(() => load(upstreams)).toThrow(
    /upstreams\.a\.passwordFile \(env POSTHASTE_UPSTREAMS\): .*ENOENT[^]*b\.passwordFile[^]* is empty[^]*c\.tls\.ca[^]* holds no certificate/,
  );
});

it('shows no password, wherever it came from', () => {
  const config = load(`a=smtp://u:hunter2@a.example,b=smtp://u@b.example?passwordFile=${file('secret', 'hunter3')}`);
  const parsed = deliveredUpstreams.parse('a=smtp://u:hunter2@a.example');
  const told = [
    config.describe(),
    JSON.stringify(config.values),
    JSON.stringify(parsed),
    String(targetOf('smtp://u:hunter2@a.example').login?.password),
  ];
  expect(told.join('\n')).not.toMatch(/hunter/);
});
