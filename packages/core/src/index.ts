export { domainOf } from './domain.ts';
export { isLane, laneNameOf, lanes, type Lane, type WrittenLane } from './lane.ts';
export { LaneTable, type FurtherLane, type LaneRules, type NamedLane } from './lane-table.ts';
export {
  decodeTicket,
  encodeTicket,
  farOffMs,
  horizonMs,
  idInPartition,
  maxTicketBytes,
  partitionOf,
  readTicket,
  type ChunkedBody,
  type Place,
  type Ticket,
  type TicketRecipient,
} from './ticket.ts';
export type { Reason } from './reason.ts';
export type * from './journal.ts';
export { isOfMail } from './journal.ts';
export type { Command, Progress, Unchanged, Verb } from './operation/command.ts';
export type { KnownCommand } from './operation/work.ts';
export { namedInDeadLetter } from './operation/dead-search.ts';
export type { DeadLetter, Revival } from './operation/reviving.ts';
export type { Intervention } from './operation/intervention.ts';
export type { MailMatch, Selector } from './operation/selector.ts';
export type { Suspension } from './operation/suspension.ts';
export { Engine, type EngineOptions } from './engine.ts';
export type { DestinationView, RecipientView, UpstreamView } from './viewing.ts';
export type { Explanation, Gate, GateDetail } from './explaining.ts';
export type { Census, LaneCensus, LiveKind } from './census.ts';
export { Fleet, type FleetNeed, type FleetPolicy } from './fleet.ts';
export type { CalendarEntry } from './traffic-calendar.ts';
export type { DoubtPolicy } from './doubt.ts';
export type { TenantWeights } from './tenant-turn.ts';
export { defaultPolicy, type EnginePolicy } from './engine-state.ts';
export { begunBy } from './engine-input.ts';
export type { AttemptOutcome, Credit, Hello, Input, Instant, OutcomeKind, RecipientOutcome } from './engine-input.ts';
export type { Effect, JournalRecord, Step } from './effect.ts';
export type { Attempt } from './sender-table.ts';
export { ShareHolder, type ShareWrite } from './shares/share-holder.ts';
export { budgetsOf, indivisibleLimits, type ShareMap, type ShareTable } from './shares/share-table.ts';
export { burialIdOf, type Mail } from './mail.ts';
export type { RecipientState } from './recipient.ts';
export type { LogExtent, RecordedClock, Remains } from './restoring.ts';
export type { ClockMarks } from './steady-clock.ts';
export type { Snapshot, SnapshotWithStates, StateRecord } from './snapshot.ts';
export { destinationNameOf } from './destination.ts';
export { Router, type Route, type RouteMatch } from './router.ts';
export { finalMessageStates, liveMessageStates, messageStateOf, type MessageState } from './message-state.ts';
export { recentSpanMs } from './recent-ids.ts';
export type { LimitUse } from './meter.ts';
export type { UpstreamHealth } from './upstream-health.ts';
export { apply, isFinal, untouched, type OutcomeEvent, type RecipientEvent } from './recipient.ts';
export type { Tallies, Tally } from './tally.ts';
export { classifyReply, replyClasses, type Classified, type ReplyClass } from './reply-class.ts';
export { hintedWaitMs } from './retry-hint.ts';
export { planRetries, type PlannedRetry, type RetryPlan } from './retry-plan.ts';
export type { RetryPolicy, Span } from './retry-policy.ts';
export { defaultRetryRules, type Choice, type Refusal, type RetryMatch, type RetryRule, type RetryRules } from './retry-rules.ts';
export {
  defaultBreaker,
  limitWindows,
  limitWindowsMs,
  type BreakerRule,
  type DomainLimits,
  type GroupMember,
  type Limits,
  type LimitWindow,
  type UpstreamGroup,
  type UpstreamRule,
  type UpstreamRules,
} from './upstream-rules.ts';
