import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where compiled code is kept from one command to the next, which halves the time that a command takes: a folder of the caller's own, as XDG names it. Undefined
 * when there is none that only the caller can write to, for what lies there is run: under sudo with the home of another, for example.
 */
export function compileCacheFolder(env: Readonly<Record<string, string | undefined>>, userId = process.getuid?.()): string | undefined {
  const folder = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'posthaste', 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    return uid === userId && (mode & 0o022) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}
