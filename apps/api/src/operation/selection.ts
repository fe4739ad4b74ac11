import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { LaneTable, RecipientState as CoreState } from '@posthaste/core';
import { Reason, ReasonSchema, RecipientState, RecipientStateSchema, type MessageSelector, type SuspensionMatch } from '@posthaste/protocol';
import { recipientStates } from '@posthaste/protocol/recipient-states';
import type { SelectorSchema } from '@posthaste/protocol/dispatch';
import { laneAsked } from '../lane-asked.ts';
import { refuseFields } from '../refusal/refusal.ts';

export type Selection = MessageInitShape<typeof SelectorSchema>;

type Match = Omit<SuspensionMatch, '$typeName' | '$unknown' | 'all'>;

/** What the mail of a suspension has in common. `path`: of the match in the request, with its dot. */
export function selectionOfMatch({ tenant, domain, upstream, lane, laneName, campaign, tags }: Match, lanes: LaneTable, path: string): Selection {
  const named = laneAsked({ lane, laneName }, lanes, path);
  return { tenant, domain: domain.toLowerCase(), upstream, lane: named?.name ?? '', campaign, tags };
}

/** Names mail that is not final. `now`: wall clock. */
export function selectionOfMail(selector: MessageSelector, now: number, lanes: LaneTable): Selection {
  const { ids, state, reason, olderThan } = selector;
  return {
    ...selectionOfMatch(selector, lanes, 'selector.'),
    ids: ids.map((id) => id.toLowerCase()),
    state: liveStateName(state),
    reason: reasonName(reason),
    ...(olderThan ? { acceptedBefore: timestampFromMs(now - durationMs(olderThan)) } : {}),
  };
}

/** Names dead letters: they have come to their end, and go nowhere. */
export function selectionOfDead(selector: MessageSelector, now: number, lanes: LaneTable): Selection {
  const description = 'cannot be given for dead letters';
  if (selector.upstream !== '') throw refuseFields([{ field: 'selector.upstream', description }]);
  if (selector.state !== RecipientState.UNSPECIFIED) throw refuseFields([{ field: 'selector.state', description }]);
  return selectionOfMail(selector, now, lanes);
}

/** The core's reasons are the contract's, name by name; empty for what is not said. */
export function reasonName(reason: Reason): string {
  return reason === Reason.UNSPECIFIED ? '' : (ReasonSchema.value[reason]?.localName ?? '');
}

const liveKinds = ['queued', 'held', 'sending', 'inDoubt'] as const satisfies readonly CoreState['kind'][];
const liveStates: ReadonlyMap<RecipientState, CoreState['kind']> = new Map(liveKinds.map((kind) => [recipientStates[kind], kind]));

function liveStateName(state: RecipientState): string {
  if (state === RecipientState.UNSPECIFIED) return '';
  const name = liveStates.get(state);
  if (name !== undefined) return name;
  const came = RecipientStateSchema.value[state]?.localName ?? String(state);
  throw refuseFields([{ field: 'selector.state', description: `is ${came}, which is final; expected QUEUED, HELD, SENDING or IN_DOUBT` }]);
}
