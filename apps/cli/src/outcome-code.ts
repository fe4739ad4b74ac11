import type { MessageStateName } from '@posthaste/client';
import { type ExitCode, exitCode } from './exit-code.ts';

/** What a mail's final state is to a script. */
export function outcomeCode(state: MessageStateName): ExitCode {
  if (state === 'delivered') return exitCode.ok;
  return state === 'partly_delivered' ? exitCode.partial : exitCode.failed;
}
