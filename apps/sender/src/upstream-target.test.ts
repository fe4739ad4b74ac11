import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
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
  const passwordOf = (upstream: unknown) => targetOf(upstream).login?.credentials().auth.pass;
  expect(passwordOf('smtp://us%40er:p%3Aw@[::1]:1025')).toBe('p:w');
  expect(passwordOf({ host: 'mx.example', user: 'u', passwordFile: file('password', 'hunter2\n') })).toBe('hunter2');
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

it('takes a file of a token that holds blanks and line ends alone for an empty one', () => {
  const blank = file('blank', ' \n\n');
  const client = 'clientId=c&tokenUrl=https://id.example/token';
  expect(() => load(`a=smtp://u@a.example?tokenFile=${blank},b=smtp://u@b.example?${client}&refreshTokenFile=${blank}`)).toThrow(
    /a\.tokenFile[^]* is empty: expected an access token[^]*b\.oauth\.refreshTokenFile[^]* is empty: expected a refresh token/,
  );
});

it('tells such a file with all that is wrong beside it, with the code and the path once', () => {
  let told = '';
  try {
    load(
      `a=smtp://u@a.example?passwordFile=${folder}/none&connections=0,b=smtp://b.example?tls=perhaps,c=smtp://u@c.example?tokenFile=${folder}/gone`,
    );
  } catch (error) {
    told = (error as Error).message;
  }
  expect(told).toContain(`upstreams.a.passwordFile (env POSTHASTE_UPSTREAMS): '${folder}/none' cannot be read: ENOENT: no such file or directory\n`);
  for (const part of ['upstreams.a.connections', 'upstreams.b.tls.mode', `upstreams.c.tokenFile (env POSTHASTE_UPSTREAMS): '${folder}/gone'`])
    expect(told).toContain(part);
});

it('shows no password, wherever it came from', () => {
  const config = load(`a=smtp://u:hunter2@a.example,b=smtp://u@b.example?passwordFile=${file('secret', 'hunter3')}`);
  const parsed = deliveredUpstreams.parse('a=smtp://u:hunter2@a.example');
  const told = [
    config.describe(),
    JSON.stringify(config.values),
    JSON.stringify(parsed),
    inspect(targetOf('smtp://u:hunter2@a.example'), { depth: 9 }),
    JSON.stringify(targetOf({ host: 'a.example', user: 'u', passwordFile: file('other', 'hunter2') })),
  ];
  expect(told.join('\n')).not.toMatch(/hunter/);
});
