import { join, resolve } from 'node:path';

export const repositoryFolder = resolve(import.meta.dirname, '../../..');

/** All that can be shipped by itself. */
export const programNames = ['scheduler', 'sender', 'relay', 'api', 'inbox', 'cli'] as const;

export type ProgramName = (typeof programNames)[number];

/** Those that run for long and have settings of their own. */
export const serverNames = programNames.filter((name) => name !== 'cli');

export function sourceOf(program: ProgramName): string {
  return join(repositoryFolder, 'apps', program, 'src/main.ts');
}
