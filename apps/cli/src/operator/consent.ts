import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Surroundings } from '../command/command.ts';
import { exitCode } from '../exit-code.ts';
import { Failure, usageError } from '../failure.ts';

interface Asked extends Pick<Surroundings, 'stdin' | 'say'> {
  readonly quiet: boolean;
  readonly options: { readonly yes: boolean };
}

/** Goes on only when the operator agrees: by --yes, or as a person who is asked. */
export async function askConsent({ stdin, say, quiet, options: { yes } }: Asked, what: string): Promise<void> {
  if (yes) return;
  if (stdin.isTTY !== true || quiet) throw usageError(`this ${what}; say --yes to do it`, 'With --dry-run it is only counted.');
  say(`this ${what}. Go on? [y/N]`);
  const lines = createInterface({ input: stdin });
  const [answer] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
  lines.close();
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new Failure('nothing was done', { exitCode: exitCode.failed, code: 'Declined' });
}
