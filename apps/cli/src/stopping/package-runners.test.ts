import { expect, it } from 'vitest';
import { packageRunners, type ProcessLook } from './package-runners.ts';

/** Processes from the outermost to our own, each started by the one before. */
function found(...commands: readonly (string | { command: string; session: number })[]): string[] {
  const looks = commands.map((each, place): ProcessLook => ({
    parent: 9 + place,
    session: 1,
    ...(typeof each === 'string' ? { command: each } : each),
  }));
  const look = (pid: number) => looks[pid - 10];
  return packageRunners(look, 9 + looks.length).map((pid) => look(pid)?.command ?? '?');
}

it('goes through shells up to the outermost package manager', () => {
  expect(found('-bash', 'npm exec pnpm@12 start', 'sh -c pnpm start', '/x/node_modules/.bin/pnpm start', 'sh -c trap x; node up', 'node up')).toEqual(
    ['sh -c trap x; node up', '/x/node_modules/.bin/pnpm start', 'sh -c pnpm start', 'npm exec pnpm@12 start'],
  );
  for (const manager of [
    'node /usr/bin/npm start',
    '/usr/bin/node --x /lib/npm/bin/npm-cli.js start',
    'yarn start',
    'node /y/yarn.js start',
    'corepack pnpm start',
  ])
    expect(found('bash', manager, 'sh -c node up', 'node up')).toEqual(['sh -c node up', manager]);
});

it('watches neither a shell, nor a service manager, nor another program', () => {
  expect(found('systemd', 'node up')).toEqual([]);
  expect(found('-bash', 'node up')).toEqual([]);
  expect(found('npm run deploy', 'bash', 'node up')).toEqual([]);
  expect(found('npm run deploy', 'node deploy.ts', 'sh -c node up', 'node up')).toEqual([]);
  expect(found('/usr/bin/npm-like start', 'node up')).toEqual([]);
});

it('watches nobody from a session of its own', () => {
  expect(found('npm start', { command: 'sh -c x', session: 7 }, { command: 'node up', session: 7 })).toEqual([]);
});

it('finds nobody where it cannot look', () => {
  expect(packageRunners(() => undefined)).toEqual([]);
});
