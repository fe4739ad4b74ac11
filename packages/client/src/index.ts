/** Hands mail to Posthaste, and asks where it is. */
export { createPosthasteClient, type PosthasteClient, type PosthasteClientOptions, type SubmitOptions } from './client.ts';
export type { ClientClock } from './clock.ts';
export type { CallOptions } from './connection.ts';
export type { MessageFilter, MessagePage, PageFilter } from './list.ts';
export type { LaneName } from './lane-name.ts';
export type { Mail, MailAttachment, UnsubscribeWay } from './mail.ts';
export type { GateInTheWay, MessageExplanation, RecipientExplanation } from './message-explanation.ts';
export type {
  AttemptOutcomeName,
  AttemptStatus,
  InterventionStatus,
  MessageStateName,
  MessageStatus,
  ReasonName,
  ReplyClassName,
  RecipientStateName,
  RecipientStatus,
  SmtpReply,
} from './message-status.ts';
export type { ActOptions, OperationOptions, Operator, SuspendOptions } from './operator/calls.ts';
export type { DeadLetterFilter, DeadLetterStatus } from './operator/dead-letters.ts';
export type { OperationKindName, OperationStatus, UnchangedCauseName } from './operator/operation.ts';
export type { MailMatch, MailSelector } from './operator/selector.ts';
export type { SuspensionStatus } from './operator/suspension.ts';
export { PosthasteError, type ErrorCode, type FieldFault } from './posthaste-error.ts';
export type {
  FleetFigures,
  GroupFigures,
  LaneFigures,
  LimitFigures,
  PartitionFigures,
  QueueStats,
  TotalFigures,
  UpstreamFigures,
} from './queue-stats.ts';
export type { Receipt, SubmitResult } from './receipt.ts';
export { defaultRetryPolicy, delays, type RetryPolicy } from './retry-policy.ts';
export type { SendAndWaitOptions, SendAndWaitResult } from './send-and-wait.ts';
export type { StoredAttachment } from './stored-attachment.ts';
export type { WatchedMessage, WatchOptions } from './watch.ts';
