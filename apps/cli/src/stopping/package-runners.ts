import { readFileSync } from 'node:fs';
import { isAlive } from '@posthaste/stream/server';
import type { Clock } from '@posthaste/telemetry';

/** What is known of a process: who started it, and by what command line. */
export interface ProcessLook {
  readonly parent: number;
  readonly session: number;
  readonly command: string;
}

/** npm and npx say `npm exec …` of themselves; the others are a path, or a script that node runs. */
const packageManager = /^(?:\S*\/)?(?:node(?:js)? (?:-\S+ )*)?(?:\S*\/)?(?:npm|npx|pnpm|pnpx|yarn|corepack|bun)(?:-cli)?(?:\.[cm]?js)?(?: |$)/;
/** In between stand the shells that run their scripts. */
const scriptShell = /^(?:\S*\/)?(?:ba|da|z|k)?sh (?:-\S+ )*-\w*c /;

/**
 * The processes between us and the outermost package manager that we were started through, ours first: `npx pnpm start` is npm, sh, pnpm, sh and we. A session of our own means that
 * we were set apart on purpose. Where there is no /proc nobody is found.
 */
export function packageRunners(look: (pid: number) => ProcessLook | undefined = lookAt, own = process.pid): number[] {
  const self = look(own);
  const above: number[] = [];
  let outermost = 0;
  for (let pid = self?.parent ?? 0; pid > 1;) {
    const found = look(pid);
    if (!found || found.session !== self?.session) break;
    const isManager = packageManager.test(found.command);
    if (!isManager && !scriptShell.test(found.command)) break;
    above.push(pid);
    if (isManager) outermost = above.length;
    pid = found.parent;
  }
  return above.slice(0, outermost);
}

const lookEveryMs = 500;

/**
 * Resolves when one of these has ended: npx passes a SIGTERM on to the shell between it and pnpm alone, which ends of it and tells nobody. Seen twice before it is believed: what
 * ended them may be a signal that is on its way to us too.
 */
export async function oneHasEnded(runners: readonly number[], clock: Clock, signal: AbortSignal): Promise<void> {
  for (let seen = 0; seen < 2;) {
    await clock.sleep(lookEveryMs, signal);
    seen = runners.every(isAlive) ? 0 : seen + 1;
  }
}

/** proc_pid_stat(5): state, parent, group and session follow the program's name in parentheses, which may itself hold any character. */
function lookAt(pid: number): ProcessLook | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { parent: Number(parent), session: Number(session), command };
  } catch {
    return undefined;
  }
}
