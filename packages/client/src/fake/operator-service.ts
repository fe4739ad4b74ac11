import { toJsonString, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  CancelMessagesRequestSchema,
  ChangeLaneRequestSchema,
  CreateSuspensionRequestSchema,
  DeleteSuspensionRequestSchema,
  GetOperationRequestSchema,
  HoldMessagesRequestSchema,
  ListDeadLettersRequestSchema,
  type MessageSelector,
  MoveMessagesRequestSchema,
  type Operation,
  OperationKind,
  type OperatorService,
  PurgeDeadLettersRequestSchema,
  type Recipient,
  RecipientState,
  ReleaseMessagesRequestSchema,
  RescheduleMessagesRequestSchema,
  RetryDeadLettersRequestSchema,
  RetryMessagesRequestSchema,
} from '@posthaste/protocol';
import { FakeOperations, type Asked } from './fake-operations.ts';
import type { FakeLanes } from './fake-lanes.ts';
import { pageOf } from './fake-page.ts';
import type { FakeQueue } from './fake-queue.ts';
import { isNamed } from './fake-selection.ts';
import type { FakeSuspensions } from './fake-suspensions.ts';
import { cancel, changeLane, hold, move, purge, release, reschedule, revive, type Verb } from './fake-verbs.ts';
import { horizonMs } from './mail-faults.ts';
import { refuseFields } from './refusal.ts';
import { validate } from './validation.ts';

export interface OperatorParts {
  readonly queue: FakeQueue;
  readonly lanes: FakeLanes;
  readonly suspensions: FakeSuspensions;
  readonly now: () => number;
}

export function operatorService({ queue, lanes, suspensions, now }: OperatorParts): ServiceImpl<typeof OperatorService> {
  const operations = new FakeOperations(queue, now);
  const act =
    <D extends DescMessage>(schema: D, kind: OperationKind, verbOf: (request: MessageShape<D>) => Verb) =>
    (request: MessageShape<D> & Asked): { operation: Operation } => {
      validate(schema, request);
      const verb = verbOf(request);
      return { operation: operations.run(kind, { ...request, selector: request.selector && selectorOf(request.selector, verb, lanes) }, verb) };
    };
  return {
    holdMessages: act(HoldMessagesRequestSchema, OperationKind.HOLD, hold),
    releaseMessages: act(ReleaseMessagesRequestSchema, OperationKind.RELEASE, () => release),
    cancelMessages: act(CancelMessagesRequestSchema, OperationKind.CANCEL, cancel),
    retryMessages: act(RetryMessagesRequestSchema, OperationKind.RETRY, () => reschedule(now(), now())),
    rescheduleMessages: act(RescheduleMessagesRequestSchema, OperationKind.RESCHEDULE, ({ sendAt }) => {
      const dueMs = sendAt ? timestampMs(sendAt) : now();
      if (dueMs > now() + horizonMs) throw refuseFields([{ field: 'send_at', description: 'expected at most 366 days ahead' }]);
      return reschedule(dueMs, now());
    }),
    changeLane: act(ChangeLaneRequestSchema, OperationKind.CHANGE_LANE, (request) => changeLane(lanes.asked(request))),
    moveMessages: act(MoveMessagesRequestSchema, OperationKind.MOVE, ({ upstream }) => move(upstream)),
    retryDeadLetters: act(RetryDeadLettersRequestSchema, OperationKind.RETRY_DEAD_LETTERS, () => revive),
    purgeDeadLetters: act(PurgeDeadLettersRequestSchema, OperationKind.PURGE_DEAD_LETTERS, () => purge),
    getOperation(request) {
      validate(GetOperationRequestSchema, request);
      return { operation: operations.find(request.id) };
    },
    createSuspension(request) {
      validate(CreateSuspensionRequestSchema, request);
      return { suspension: suspensions.create(request.match ? { ...request, match: lanes.completed(request.match, 'match.') } : request) };
    },
    listSuspensions: () => ({ suspensions: suspensions.inForce() }),
    deleteSuspension(request) {
      validate(DeleteSuspensionRequestSchema, request);
      suspensions.lift(request.id.toLowerCase());
      queue.playAll();
      return {};
    },
    listDeadLetters(request) {
      validate(ListDeadLettersRequestSchema, request);
      const isDead = (recipient: Recipient) => recipient.state === RecipientState.FAILED;
      const by = lanes.completed(request);
      const dead = queue
        .dead()
        .filter((message) => message.recipients.some((recipient) => isDead(recipient) && isNamed(message, recipient, by, '', now())));
      const list = toJsonString(ListDeadLettersRequestSchema, { ...request, pageToken: '', pageSize: 0 });
      const { page, nextPageToken } = pageOf(dead, request, list);
      const letters = page.map((message) => ({ message, diedAt: message.recipients[0]?.changedAt ?? timestampFromMs(now()) }));
      return { deadLetters: letters, nextPageToken };
    },
  };
}

/** What is final cannot be named by its state, and dead letters by neither state nor upstream: they go nowhere. */
function selectorOf(selector: MessageSelector, { on }: Verb, lanes: FakeLanes): MessageSelector {
  const { state, upstream, ids } = selector;
  if (on === 'dead' && upstream !== '') throw refuseFields([{ field: 'selector.upstream', description: 'cannot be given for dead letters' }]);
  if (on === 'dead' && state !== RecipientState.UNSPECIFIED)
    throw refuseFields([{ field: 'selector.state', description: 'cannot be given for dead letters' }]);
  if (!nameable.has(state)) throw refuseFields([{ field: 'selector.state', description: 'is final; expected QUEUED, HELD, SENDING or IN_DOUBT' }]);
  return lanes.completed({ ...selector, ids: ids.map((id) => id.toLowerCase()) }, 'selector.');
}

const nameable: ReadonlySet<RecipientState> = new Set([
  RecipientState.UNSPECIFIED,
  RecipientState.QUEUED,
  RecipientState.HELD,
  RecipientState.SENDING,
  RecipientState.IN_DOUBT,
]);
