import { Reason, RecipientState, type ExplainMessageResponse, type Gate } from '@posthaste/protocol';
import { dateOf, type ReasonName, type RecipientStateName } from './message-status.ts';
import { withProto, type WithProto } from './with-proto.ts';
import { nameOf, wordOf } from './word.ts';

/** Why a message is not there yet. `proto` has the details of each gate: limits and their use, outages, places in line. */
export interface MessageExplanation extends WithProto<ExplainMessageResponse> {
  readonly id: string;
  readonly recipients: readonly RecipientExplanation[];
  /** When this was true. */
  readonly explainedAt: Date | undefined;
}

export interface RecipientExplanation {
  readonly address: string;
  readonly state: RecipientStateName;
  /** What it has yet to pass, in order: the first is what it waits for now. None for what is with a sender or final. */
  readonly gates: readonly GateInTheWay[];
  /** When it is thought to go; undefined when nobody can say. */
  readonly estimatedAt: Date | undefined;
  /** The upstreams that may take it. */
  readonly upstreams: readonly string[];
}

export interface GateInTheWay {
  readonly reason: ReasonName | undefined;
  readonly since: Date | undefined;
  /** When it opens by itself, where that is known. */
  readonly until: Date | undefined;
}

export function messageExplanation(explained: ExplainMessageResponse): MessageExplanation {
  const recipients = explained.recipients.map(({ address, state, gates, estimatedAt, upstreams }) => ({
    address,
    state: wordOf(RecipientState, state),
    gates: gates.map(gateInTheWay),
    estimatedAt: dateOf(estimatedAt),
    upstreams,
  }));
  return withProto({ id: explained.message?.id ?? '', recipients, explainedAt: dateOf(explained.explainedAt) }, explained);
}

function gateInTheWay({ reason, since, until }: Gate): GateInTheWay {
  return { reason: nameOf(Reason, reason), since: dateOf(since), until: dateOf(until) };
}
