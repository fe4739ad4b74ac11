import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';

export const programNames = ['scheduler', 'sender', 'relay', 'api'] as const;

export type ProgramName = (typeof programNames)[number];

const repositoryFolder = resolve(import.meta.dirname, '../../../..');

/** The programs as they stand in the tree. */
export function sourcePrograms(): Readonly<Record<ProgramName, string>> {
  return Object.fromEntries(programNames.map((name) => [name, sourceOf(name)])) as Record<ProgramName, string>;
}

/** Makes one file of each program in `folder`, as images have it: half the memory and a quicker start than from source. Answers their paths. */
export async function bundlePrograms(folder: string): Promise<Readonly<Record<ProgramName, string>>> {
  mkdirSync(folder, { recursive: true });
  const files = programNames.map((name) => [name, join(folder, `${name}.mjs`)] as const);
  for (const [name, file] of files) {
    await build({
      input: sourceOf(name),
      platform: 'node',
      logLevel: 'silent',
      output: { file, format: 'esm', codeSplitting: false },
    });
  }
  return Object.fromEntries(files) as Record<ProgramName, string>;
}

function sourceOf(name: ProgramName): string {
  return join(repositoryFolder, 'apps', name, 'src/main.ts');
}
