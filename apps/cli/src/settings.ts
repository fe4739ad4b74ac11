import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { didYouMean, documentSettings } from '@posthaste/config';
import { upSettings } from './config.ts';
import { UsageError } from './exit-code.ts';
import { appNames } from './programs.ts';

export const settingsHelp = `posthaste settings [program]: what can be set, with defaults, units and variables

  program   one of ${appNames.join(', ')}; all of them when it is left out`;

/** Each program knows its own settings: it is asked. */
export function settings([program, ...rest]: readonly string[], appsFolder = resolve(import.meta.dirname, '../..')): string {
  if (rest.length > 0) throw new UsageError(`one program at most, not ${rest.length + 1}`);
  if (program === undefined)
    return [`up\n${documentSettings(upSettings)}`, ...appNames.map((name) => `${name}\n${ask(name, appsFolder)}`)].join('\n\n');
  const name = appNames.find((known) => known === program);
  if (name === undefined) throw new UsageError(`unknown program '${program}'${didYouMean(program, appNames)}`);
  return ask(name, appsFolder);
}

function ask(program: string, appsFolder: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(appsFolder, program, 'src/main.ts'), '--help'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} does not tell its settings: ${stderr.trim()}`);
  return stdout.trimEnd();
}
