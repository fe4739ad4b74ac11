import { existsSync, readFileSync } from 'node:fs';

/** Whether a process runs. One that ended but was never asked for its exit code (a zombie, common in containers) does not; one of another user does. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

/** proc_pid_stat(5): the state follows the program's name in parentheses, which may itself hold any character. */
function isZombie(pid: number): boolean {
  if (!existsSync('/proc/self/stat')) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true;
  }
}
