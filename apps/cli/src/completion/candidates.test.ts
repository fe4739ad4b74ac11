import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candidates } from './candidates.ts';
import { completionScripts } from './scripts.ts';

const live = () => Promise.resolve([{ word: '019a-live', says: 'queued, to b@example.net' }]);
const offered = async (line: string) => (await candidates(line.split(' '), live)).map(({ word }) => word);

describe('what may follow', () => {
  it('is a command, then its verb', async () => {
    expect(await offered('se')).toEqual(['send', 'sendmail', 'settings']);
    expect(await offered('config ')).toEqual(['list', 'ls', 'print', 'show', 'check']);
    expect(await offered('message ge')).toEqual(['get']);
    expect(await offered('nonsense ')).toEqual([]);
    expect(await offered('complet')).toEqual(['completion']);
  });

  it('is a flag, or one of its values', async () => {
    expect(await offered('list --st')).toEqual(['--state']);
    expect(await offered('list --state in')).toEqual(['in_doubt']);
    expect(await offered('list -s fa')).toEqual(['failed']);
    expect(await offered('ls -o j')).toEqual(['json', 'jsonl']);
    expect(await offered('send --wait = d')).toEqual(['delivered']);
    expect(await offered('send --wait =')).toEqual(['accepted', 'delivered']);
    expect(await offered('send --wait --lane h')).toEqual(['high']);
    expect(await offered('sendmail -')).toContain('-t');
    expect(await offered('message hold --cause UPSTREAM_R')).toEqual(['UPSTREAM_REJECTED', 'UPSTREAM_RATE_LIMITED']);
    expect(await offered('up --dur')).toEqual(['--durability']);
  });

  it('is a verb of a noun that is a command too', async () => {
    expect(await offered('suspend l')).toEqual(['list', 'ls', 'lift']);
    expect(await offered('suspend --ten')).toEqual(['--tenant']);
  });

  it('is left to the shell where a file or a free text is meant', async () => {
    expect(await offered('send --attach ')).toEqual([]);
    expect(await offered('send --subject ')).toEqual([]);
  });

  it('is an operand, from the tree or from the running system', async () => {
    expect(await offered('completion ')).toEqual(['bash', 'zsh', 'fish']);
    expect(await offered('completion bash ')).toEqual([]);
    expect(await offered('settings re')).toEqual(['relay']);
    expect(await offered('status 019')).toEqual(['019a-live']);
    expect(await offered('status -o json ')).toEqual(['019a-live']);
    expect(await offered('status 019a-live ')).toEqual([]);
  });
});

const bash = '/bin/bash';

it.runIf(existsSync(bash))('reaches bash by the real command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-completion-'));
  const command = join(folder, 'posthaste');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, '../main.ts')}' "$@"\n`);
  chmodSync(command, 0o755);
  const press = (words: string) => `COMP_WORDS=(posthaste ${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _posthaste; echo "\${COMPREPLY[*]}"`;
  const script = [`eval "$(posthaste completion bash)"`, 'complete -p posthaste', press('sen'), press('list --state q'), press("config ''")].join(
    '\n',
  );
  const { stdout, stderr } = spawnSync(bash, ['--norc', '-c', script], { encoding: 'utf8', env: { PATH: `${folder}:/usr/bin:/bin` } });
  rmSync(folder, { recursive: true });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'complete -o default -F _posthaste posthaste',
    'send sendmail',
    'queued',
    'list ls print show check',
  ]);
});

it('has a script for each shell that asks the command itself', () => {
  for (const script of Object.values(completionScripts)) expect(script).toContain(' complete -- ');
});
