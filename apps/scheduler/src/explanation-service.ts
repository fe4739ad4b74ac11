import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type handleUnaryCall, status, type UntypedHandleCall } from '@grpc/grpc-js';
import { partitionOf, type Explanation, type Gate, type GateDetail, type RecipientState as CoreState } from '@posthaste/core';
import { type GateSchema, Reason, type RecipientState, type RecipientExplanationSchema } from '@posthaste/protocol';
import { recipientStates } from '@posthaste/protocol/recipient-states';
import { LookupExplanationResponseSchema, type LookupExplanationRequest, type LookupExplanationResponse } from '@posthaste/protocol/dispatch';
import { lookUp, type Lookup, unavailable } from './lookup-service.ts';
import { wireLanes } from './stats-service.ts';

/** Why a message is not there yet. `current`: what to look in during a partition's present epoch, or null while another scheduler owns it. */
export function explanationHandler(current: (partition: number) => Lookup | null): UntypedHandleCall {
  const handler: handleUnaryCall<LookupExplanationRequest, LookupExplanationResponse> = ({ request }, answer) => {
    const partition = partitionOf(request.id);
    const lookup = current(partition);
    if (!lookup) return answer(unavailable(`this scheduler does not own partition ${partition} now`));
    if (hasEnded(lookup, request.id)) return answer({ code: status.NOT_FOUND, details: `message ${request.id} has come to its end` });
    lookUp(lookup, request.id).then(
      (found) => ('code' in found ? answer(found) : answer(null, explain(lookup, request.id, found))),
      (error: unknown) => answer(unavailable(`the streams cannot be asked now: ${String(error)}`)),
    );
    return undefined;
  };
  return handler;
}

/** Its states are the ledger's to tell, and no gate is left: the asker need not wait until the ledger knows it. */
function hasEnded({ driver: { engine } }: Lookup, id: string): boolean {
  return !engine.find(id) && engine.finishedLately(id);
}

function explain({ driver }: Lookup, id: string, message: LookupExplanationResponse['message']): LookupExplanationResponse {
  const now = driver.now();
  const recipients = driver.engine.explain(id, now).map(recipientMessage);
  return create(LookupExplanationResponseSchema, { ...(message ? { message } : {}), recipients, explainedAt: timestampFromMs(now.wall) });
}

const wireStates: Readonly<Record<CoreState['kind'], RecipientState>> = recipientStates;

function recipientMessage({ address, state, gates, estimatedAt, upstreams }: Explanation): MessageInitShape<typeof RecipientExplanationSchema> {
  return {
    address,
    state: wireStates[state],
    gates: gates.map(gateMessage),
    ...(estimatedAt === null ? {} : { estimatedAt: timeOf(estimatedAt) }),
    upstreams: [...upstreams],
  };
}

function gateMessage({ reason, since, until, detail }: Gate): MessageInitShape<typeof GateSchema> {
  return {
    reason: Reason[reason],
    ...(since === null ? {} : { since: timeOf(since) }),
    ...(until === null ? {} : { until: timeOf(until) }),
    detail: detailMessage(detail),
  };
}

type Detail = NonNullable<MessageInitShape<typeof GateSchema>['detail']>;

function detailMessage(detail: GateDetail): Detail {
  switch (detail.kind) {
    case 'backoff': {
      const { attempts, reply } = detail;
      const lastReply = reply && { code: reply.code, enhancedCode: reply.enhanced ?? '', text: reply.text };
      return { case: 'backoff', value: { attemptCount: attempts, ...(lastReply ? { lastReply } : {}) } };
    }
    case 'operator':
      return { case: 'operator', value: { author: detail.by.author, reason: detail.by.comment, suspensionId: detail.suspension ?? '' } };
    case 'filling':
      return { case: undefined };
    case 'outage':
      return { case: 'outage', value: { upstream: detail.upstream, trouble: detail.trouble } };
    case 'senders':
      return { case: 'senders', value: { senderCount: BigInt(detail.senders), heldCount: BigInt(detail.held) } };
    case 'limit': {
      const { scope, limit, windowMs, used, learned, whole = 0 } = detail;
      const window = windowMs === null ? {} : { window: durationFromMs(windowMs) };
      return { case: 'limit', value: { scope, limit: BigInt(limit), usedCount: BigInt(used), learned, configuredLimit: BigInt(whole), ...window } };
    }
    case 'connections': {
      const { upstream, limit, inForce } = detail;
      return { case: 'limit', value: { scope: `connections:${upstream}`, limit: BigInt(limit), usedCount: BigInt(inForce) } };
    }
    case 'place': {
      const { lane, tenant, ahead, perSecond } = detail;
      return { case: 'place', value: { lane: wireLanes[lane.base], laneName: lane.name, tenant, aheadCount: BigInt(ahead), perSecond } };
    }
  }
}

function timeOf(at: number) {
  return timestampFromMs(Math.round(at));
}
