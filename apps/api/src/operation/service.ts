import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { horizonMs, type LaneTable } from '@posthaste/core';
import type { MessageSelector, Operation, OperatorService } from '@posthaste/protocol';
import { laneAsked } from '../lane-asked.ts';
import { refuseFields } from '../refusal/refusal.ts';
import { listDeadLetters } from './dead-letters.ts';
import { createOperate, findOperation, type Act, type OperateOptions, type OperationRequest } from './operate.ts';
import { selectionOfDead, selectionOfMail, type Selection } from './selection.ts';
import { createSuspension, deleteSuspension, listSuspensions } from './suspensions.ts';

/** The operator's hand: each call goes on to the schedulers, which alone decide and record. */
export function createOperatorService(options: OperateOptions): ServiceImpl<typeof OperatorService> {
  const { onMail, onDead } = operations(options);
  const due = (sendAt: Timestamp | undefined) => (sendAt ? { due: withinHorizon(sendAt, options.clock.now()) } : {});
  return {
    holdMessages: (request, context) => onMail(request, { case: 'hold', value: {} }, context),
    releaseMessages: (request, context) => onMail(request, { case: 'release', value: {} }, context),
    cancelMessages: (request, context) => onMail(request, { case: 'cancel', value: {} }, context),
    retryMessages: (request, context) => onMail(request, { case: 'retry', value: {} }, context),
    rescheduleMessages: (request, context) => onMail(request, { case: 'reschedule', value: due(request.sendAt) }, context),
    changeLane: (request, context) =>
      onMail(request, { case: 'changeLane', value: { lane: laneAsked(request, options.lanes)?.name ?? '' } }, context),
    moveMessages: (request, context) => onMail(request, { case: 'move', value: { upstream: request.upstream } }, context),
    getOperation: async ({ id }) => ({ operation: await findOperation(options, id.toLowerCase()) }),
    createSuspension: async (request, context) => ({ suspension: await createSuspension(options, request, context) }),
    listSuspensions: async () => ({ suspensions: await listSuspensions(options) }),
    async deleteSuspension(request, context) {
      await deleteSuspension(options, request, context);
      return {};
    },
    listDeadLetters: (request) => listDeadLetters(options, request),
    retryDeadLetters: (request, context) => onDead(request, { case: 'revive', value: {} }, context),
    purgeDeadLetters: (request, context) => onDead(request, { case: 'purge', value: {} }, context),
  };
}

type Request = OperationRequest & { readonly selector?: MessageSelector | undefined };
type Answer = Promise<{ operation: Operation }>;

function operations(options: OperateOptions) {
  const operate = createOperate(options);
  const on =
    (select: (selector: MessageSelector, now: number, lanes: LaneTable) => Selection) =>
    async (request: Request, act: Act, context: HandlerContext): Answer => {
      const selection = request.selector ? select(request.selector, options.clock.now(), options.lanes) : {};
      return { operation: await operate(request, selection, act, context) };
    };
  return { onMail: on(selectionOfMail), onDead: on(selectionOfDead) };
}

function withinHorizon(sendAt: Timestamp, now: number): Timestamp {
  if (timestampMs(sendAt) <= now + horizonMs) return sendAt;
  const days = horizonMs / (24 * 3_600_000);
  throw refuseFields([{ field: 'send_at', description: `is ${new Date(timestampMs(sendAt)).toISOString()}; expected at most ${days} days ahead` }]);
}
