import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Caller } from './letter.ts';

export function whoCalls(): Caller {
  return { user: userInfo().username, domain: mailName() ?? hostname() };
}

/** Debian keeps the domain of a machine's mail there. */
function mailName(): string | undefined {
  try {
    return readFileSync('/etc/mailname', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
