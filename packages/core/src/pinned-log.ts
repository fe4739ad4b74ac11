import type { EngineState } from './engine-state.ts';
import type { Lane } from './lane.ts';
import { isSending } from './mail.ts';

/** Mails moved after one measurement: the log is measured again before more are. */
const movesAtATime = 1_000;

/**
 * A log is trimmed from the bottom, so a few mails that stay there keep all the finished ones above them. When the finished ones are over
 * half of the log's bytes, the lowest unfinished ones are copied to WAIT. At most one copy a mail; mail in `sending` is never moved.
 */
export function relievePinnedLog(state: EngineState, lane: Lane, bytes: number, limitBytes: number): void {
  const log = state.logs[lane];
  if (bytes < limitBytes * state.policy.pinnedFloor || bytes - log.liveBytes <= bytes / 2) return;
  let moves = 0;
  for (let sequence = log.finished.mark + 1; sequence <= log.seen && moves < movesAtATime; sequence += 1) {
    const mail = log.live.get(sequence);
    if (!mail || mail.copying !== 'no' || mail.open === 0 || isSending(mail)) continue;
    mail.copying = 'to WAIT';
    state.effects.push({ kind: 'copy', mail });
    moves += 1;
  }
}
