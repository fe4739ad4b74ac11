import type { Instant } from './engine-input.ts';
import type { EngineState } from './engine-state.ts';
import type { Reply } from './journal.ts';
import { record } from './recording.ts';
import { about, postpone, type Ended } from './refusal.ts';

/** What becomes of mail that may have been delivered. `retry`: perhaps twice; `hold`: an operator decides; `sent`: perhaps never. */
export type DoubtPolicy = 'retry' | 'hold' | 'sent';

/** As its lane's policy says. The doubt itself has been journalled. */
export function settleDoubt(state: EngineState, ended: Ended, recipients: readonly number[], reply: Reply, now: Instant): void {
  const { mail } = ended;
  switch (mail.lane.inDoubt) {
    case 'retry':
      return postpone(state, ended, recipients, { kind: 'in doubt', reply }, now);
    case 'hold': {
      const comment = `lanes.inDoubt holds what is in doubt in lane ${mail.lane.name}`;
      const { id } = mail.ticket;
      return record(state, mail, { kind: 'held', at: now.wall, id, recipients, reason: 'IN_DOUBT', author: 'policy', comment });
    }
    case 'sent':
      return record(state, mail, { kind: 'delivered', ...about(ended, recipients, now), tenant: mail.ticket.tenant, reply, presumed: true });
  }
}
