/** For tests: the scheduler's side of the operator's hand, as far as the api sees it. What acts is tested where it acts. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { status, type Server, type handleUnaryCall, type ServiceError, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { grpcService } from '@posthaste/protocol';
import {
  CreateSuspensionResponseSchema,
  LiftSuspensionResponseSchema,
  ListDeadLettersResponseSchema,
  ListSuspensionsResponseSchema,
  LookupOperationResponseSchema,
  OperateResponseSchema,
  OperateService,
  type CreateSuspensionRequest,
  type CreateSuspensionResponse,
  type DeadLetterSchema,
  type LiftSuspensionRequest,
  type LiftSuspensionResponse,
  type ListDeadLettersRequest,
  type ListDeadLettersResponse,
  type ListSuspensionsRequest,
  type ListSuspensionsResponse,
  type LookupOperationRequest,
  type LookupOperationResponse,
  type OperateRequest,
  type OperateResponse,
  type ProgressSchema,
  type Suspension,
} from '@posthaste/protocol/dispatch';

export interface ScriptedOperate {
  /** What was asked for, oldest first. */
  readonly heard: OperateRequest[];
  /** What the next commands come to. */
  progress: MessageInitShape<typeof ProgressSchema>;
  /** What is refused, and in which words. */
  refusal: Pick<ServiceError, 'code' | 'details'> | undefined;
  readonly suspensions: Map<string, Suspension>;
  deadLetters: MessageInitShape<typeof DeadLetterSchema>[];
}

export function serveOperate(server: Server): ScriptedOperate {
  const script: ScriptedOperate = { heard: [], progress: { done: true }, refusal: undefined, suspensions: new Map(), deadLetters: [] };
  const operate: handleUnaryCall<OperateRequest, OperateResponse> = ({ request }, answer) => {
    if (script.refusal) return answer(script.refusal);
    script.heard.push(request);
    const { id, author, comment, dryRun, act, at } = request;
    const said = { id, author, comment, dryRun, act: act.case ?? '', ...(at ? { at } : {}) };
    return answer(null, create(OperateResponseSchema, { progress: { ...said, ...script.progress } }));
  };
  const lookupOperation: handleUnaryCall<LookupOperationRequest, LookupOperationResponse> = ({ request: { id } }, answer) => {
    const known = script.heard.find((each) => each.id === id);
    if (!known) return answer({ code: status.NOT_FOUND });
    return answer(null, create(LookupOperationResponseSchema, { progress: { id, act: known.act.case ?? '', ...script.progress } }));
  };
  server.addService(grpcService(OperateService), { operate, lookupOperation, ...suspensionCalls(script), listDeadLetters: deadLetterCall(script) });
  return script;
}

function suspensionCalls({ suspensions }: ScriptedOperate): UntypedServiceImplementation {
  const createSuspension: handleUnaryCall<CreateSuspensionRequest, CreateSuspensionResponse> = ({ request: { suspension } }, answer) => {
    if (!suspension) return answer({ code: status.INVALID_ARGUMENT, details: 'no suspension' });
    const kept = suspensions.get(suspension.id) ?? suspension;
    suspensions.set(kept.id, kept);
    return answer(null, create(CreateSuspensionResponseSchema, { suspension: kept }));
  };
  const listSuspensions: handleUnaryCall<ListSuspensionsRequest, ListSuspensionsResponse> = (_, answer) =>
    answer(null, create(ListSuspensionsResponseSchema, { suspensions: [...suspensions.values()] }));
  const liftSuspension: handleUnaryCall<LiftSuspensionRequest, LiftSuspensionResponse> = ({ request: { id } }, answer) =>
    suspensions.delete(id) ? answer(null, create(LiftSuspensionResponseSchema)) : answer({ code: status.NOT_FOUND });
  return { createSuspension, listSuspensions, liftSuspension };
}

function deadLetterCall(script: ScriptedOperate): handleUnaryCall<ListDeadLettersRequest, ListDeadLettersResponse> {
  return ({ request: { from, size } }, answer) => {
    const end = Number(from) + size;
    const next = end < script.deadLetters.length ? BigInt(end) : 0n;
    answer(null, create(ListDeadLettersResponseSchema, { deadLetters: script.deadLetters.slice(Number(from), end), next }));
  };
}
