/**
 * packaging - makes what is shipped
 *
 * Takes      `bundle [folder]` or `env-example`.
 * Does       bundle: one file a program, in dist/ unless a folder is given. env-example: writes deploy/env.example from the programs' schemas.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundlePrograms } from './bundle.ts';
import { envExample } from './env-example.ts';
import { programNames, repositoryFolder } from './program.ts';

const [task, folder = join(repositoryFolder, 'dist')] = process.argv.slice(2);

if (task === 'bundle') for (const file of Object.values(await bundlePrograms(programNames, resolve(folder)))) console.log(file);
else if (task === 'env-example') writeFileSync(join(repositoryFolder, 'deploy/env.example'), envExample());
else {
  console.error(`packaging: unknown task '${task ?? ''}'; expected bundle [folder] or env-example`);
  process.exitCode = 2;
}
