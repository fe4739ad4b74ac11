import { hostname, userInfo } from 'node:os';

/** Who runs the command, as the record shall name them. */
export function authorOf(given: string | undefined): string {
  return given ?? `${userName()}@${hostname()}`;
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
