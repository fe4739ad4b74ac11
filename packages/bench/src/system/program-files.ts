import { bundlePrograms, sourceOf } from '@posthaste/packaging';

export const programNames = ['scheduler', 'sender', 'relay', 'api'] as const;

type ProgramName = (typeof programNames)[number];

export type ProgramFiles = Readonly<Record<ProgramName, string>>;

/** The programs as they stand in the tree. */
export function sourcePrograms(): ProgramFiles {
  return Object.fromEntries(programNames.map((name) => [name, sourceOf(name)])) as ProgramFiles;
}

/** The programs as images have them, made in `folder`. */
export function bundledPrograms(folder: string): Promise<ProgramFiles> {
  return bundlePrograms(programNames, folder);
}
