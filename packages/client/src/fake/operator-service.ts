import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  CancelMessagesRequestSchema,
  ChangeLaneRequestSchema,
  CreateSuspensionRequestSchema,
  HoldMessagesRequestSchema,
  ListDeadLettersRequestSchema,
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
import type { FakeQueue } from './fake-queue.ts';
import { isNamed } from './fake-selection.ts';
import type { FakeSuspensions } from './fake-suspensions.ts';
import { cancel, changeLane, hold, move, purge, release, reschedule, revive, type Verb } from './fake-verbs.ts';
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
      const selector = request.selector && lanes.completed(request.selector, 'selector.');
      return { operation: operations.run(kind, { ...request, selector }, verbOf(request)) };
    };
  return {
    holdMessages: act(HoldMessagesRequestSchema, OperationKind.HOLD, hold),
    releaseMessages: act(ReleaseMessagesRequestSchema, OperationKind.RELEASE, () => release),
    cancelMessages: act(CancelMessagesRequestSchema, OperationKind.CANCEL, cancel),
    retryMessages: act(RetryMessagesRequestSchema, OperationKind.RETRY, () => reschedule(now(), now())),
    rescheduleMessages: act(RescheduleMessagesRequestSchema, OperationKind.RESCHEDULE, ({ sendAt }) =>
      reschedule(sendAt ? timestampMs(sendAt) : now(), now()),
    ),
    changeLane: act(ChangeLaneRequestSchema, OperationKind.CHANGE_LANE, (request) => changeLane(lanes.asked(request))),
    moveMessages: act(MoveMessagesRequestSchema, OperationKind.MOVE, ({ upstream }) => move(upstream)),
    retryDeadLetters: act(RetryDeadLettersRequestSchema, OperationKind.RETRY_DEAD_LETTERS, () => revive),
    purgeDeadLetters: act(PurgeDeadLettersRequestSchema, OperationKind.PURGE_DEAD_LETTERS, () => purge),
    getOperation: ({ id }) => ({ operation: operations.find(id) }),
    createSuspension(request) {
      validate(CreateSuspensionRequestSchema, request);
      return { suspension: suspensions.create(request.match ? { ...request, match: lanes.completed(request.match, 'match.') } : request) };
    },
    listSuspensions: () => ({ suspensions: suspensions.inForce() }),
    deleteSuspension({ id }) {
      suspensions.lift(id);
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
      const from = Number(request.pageToken);
      const to = from + (request.pageSize === 0 ? 50 : request.pageSize);
      const letters = dead.slice(from, to).map((message) => ({ message, diedAt: message.recipients[0]?.changedAt ?? timestampFromMs(now()) }));
      return { deadLetters: letters, nextPageToken: to < dead.length ? String(to) : '' };
    },
  };
}
