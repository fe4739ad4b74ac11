import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { documentSettings, type InForce, inForceFlag, settingsInForce } from '@posthaste/config';
import { upSettings } from './config.ts';
import { appNames } from './programs.ts';

type Env = Readonly<Record<string, string | undefined>>;

export const programsWithSettings: readonly string[] = ['up', ...appNames];

const run = promisify(execFile);
const appsBeside = resolve(import.meta.dirname, '../..');

/** What can be set, with defaults, units and variables. */
export async function settingsOf(program: string, env: Env, appsFolder = appsBeside): Promise<string> {
  return program === 'up' ? documentSettings(upSettings) : (await ask(program, '--help', env, appsFolder)).trimEnd();
}

/** What a program would run with in this environment, or its faults. */
export async function inForceOf(program: string, env: Env, appsFolder = appsBeside): Promise<InForce> {
  if (program === 'up') return settingsInForce(upSettings, { argv: [], env, ownSections: ['up'] });
  return JSON.parse(await ask(program, inForceFlag, env, appsFolder)) as InForce;
}

/** Of several programs, and of the files that they need; each fault once, however many programs share the setting. */
export async function faultsOf(programs: readonly string[], env: Env, appsFolder = appsBeside): Promise<string[]> {
  const all = await Promise.all(programs.map((program) => inForceOf(program, env, appsFolder)));
  return [...new Set(all.flatMap(({ faults, fileFaults = [] }) => [...faults, ...fileFaults]))];
}

/** Each program knows its own settings: it is asked. */
async function ask(program: string, question: string, env: Env, appsFolder: string): Promise<string> {
  const args = [join(appsFolder, program, 'src/main.ts'), question];
  const { stdout } = await run(process.execPath, args, { env, timeout: 30_000, maxBuffer: 10 * 2 ** 20 }).catch((error: unknown) => {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`${program} does not tell its settings: ${said || String(error)}`, { cause: error });
  });
  return stdout;
}
