import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { variableName } from '@posthaste/config';
import { compiledFolder } from '@posthaste/testkit';
import type { System } from './system.ts';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The posthaste command against a system. It knows where the system's programs are by their settings. */
export function commandLine({ ports, natsUrl }: System): (args: readonly string[], input?: string) => Promise<Ran> {
  const addresses = Object.entries(ports).map(([key, port]) => [variableName(key), `127.0.0.1:${port}`]);
  const env = {
    NODE_COMPILE_CACHE: compiledFolder,
    ...Object.fromEntries(addresses),
    POSTHASTE_NATS_URL: natsUrl,
    POSTHASTE_ENDPOINT: `http://127.0.0.1:${ports['api.listen']}`,
  };
  const main = resolve(import.meta.dirname, '../../../apps/cli/src/main.ts');
  return async (args, input = '') => {
    const child = spawn(process.execPath, [main, ...args], { stdio: 'pipe', env });
    // A command that reads nothing may have gone already.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
    return { code, out, err };
  };
}
