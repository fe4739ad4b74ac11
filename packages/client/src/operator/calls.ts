import { create } from '@bufbuild/protobuf';
import type { CallOptions as RpcOptions } from '@connectrpc/connect';
import { OperationSchema, SuspensionSchema, type Operation } from '@posthaste/protocol';
import type { CallOptions, Connection } from '../connection.ts';
import { laneFields, type LaneName } from '../lane-name.ts';
import { durationOf, timestampOf } from '../submit-request.ts';
import { deadLetters, type DeadLetterFilter, type DeadLetterStatus } from './dead-letters.ts';
import { newId } from './new-id.ts';
import { operationStatus, type OperationStatus } from './operation.ts';
import { messageSelector, suspensionMatch, type MailMatch, type MailSelector } from './selector.ts';
import { suspensionStatus, type SuspensionStatus } from './suspension.ts';

/** What is recorded with an act. */
export interface ActOptions extends CallOptions {
  /** Why; shown with the mail. Default: nothing. */
  readonly comment?: string;
  /** Who asks, as long as callers are not authenticated. Default: the caller's address. */
  readonly author?: string;
}

export interface OperationOptions extends ActOptions {
  /** Only count what would be changed. Default: false. */
  readonly dryRun?: boolean;
  /** A UUID: the same call again, with the same id, does not act twice. Default: a new one for each call. */
  readonly operationId?: string;
}

export interface SuspendOptions extends ActOptions {
  /** It ends by itself after so many milliseconds. Default: when it is lifted. */
  readonly ttlMs?: number;
}

/**
 * The operator's hand. An operation answers when it is done, or after some seconds while it goes on: `done` says which. What failed for a passing reason has
 * been repeated under one id, so nothing is done twice.
 */
export interface Operator {
  /** Stops mail until it is released. */
  hold(selector: MailSelector, options?: OperationOptions): Promise<OperationStatus>;
  /** Lets held mail go on. */
  release(selector: MailSelector, options?: OperationOptions): Promise<OperationStatus>;
  /** Withdraws mail for good. */
  cancel(selector: MailSelector, options?: OperationOptions): Promise<OperationStatus>;
  /** Makes waiting mail ready now. */
  retry(selector: MailSelector, options?: OperationOptions): Promise<OperationStatus>;
  /** Puts mail off until a time, or brings it forward. */
  reschedule(selector: MailSelector, sendAt: Date, options?: OperationOptions): Promise<OperationStatus>;
  /** Makes mail more or less urgent. */
  changeLane(selector: MailSelector, lane: LaneName, options?: OperationOptions): Promise<OperationStatus>;
  /** Sends mail by another upstream, or group of upstreams. */
  move(selector: MailSelector, upstream: string, options?: OperationOptions): Promise<OperationStatus>;
  /** How far an operation is. Throws OPERATION_NOT_FOUND. */
  operation(id: string, options?: CallOptions): Promise<OperationStatus>;
  /** Stops all mail that matches, what is here and what comes later. */
  suspend(match: MailMatch, options?: SuspendOptions): Promise<SuspensionStatus>;
  /** All suspensions in force, oldest first. */
  suspensions(options?: CallOptions): Promise<SuspensionStatus[]>;
  /** Ends a suspension. Throws SUSPENSION_NOT_FOUND. */
  lift(id: string, options?: ActOptions): Promise<void>;
  /** Messages that failed and are kept, oldest first, over all pages. */
  deadLetters(filter?: DeadLetterFilter, options?: CallOptions): AsyncGenerator<DeadLetterStatus, void, undefined>;
  /** Tries dead letters again, as if they had never been tried. */
  retryDeadLetters(selector: MailSelector, options?: OperationOptions): Promise<OperationStatus>;
  /** Throws dead letters away with their bodies. */
  purgeDeadLetters(selector: MailSelector, options?: OperationOptions): Promise<OperationStatus>;
}

export function createOperator(connection: Connection): Operator {
  const { call, operator } = connection;
  const act = async (limits: CallOptions, attempt: (options: RpcOptions) => Promise<{ readonly operation?: Operation | undefined }>) =>
    operationStatus((await call(limits, attempt)).operation ?? create(OperationSchema));
  return {
    hold: async (selector, limits = {}) => act(limits, bind(operator.holdMessages, request(selector, limits))),
    release: async (selector, limits = {}) => act(limits, bind(operator.releaseMessages, request(selector, limits))),
    cancel: async (selector, limits = {}) => act(limits, bind(operator.cancelMessages, request(selector, limits))),
    retry: async (selector, limits = {}) => act(limits, bind(operator.retryMessages, request(selector, limits))),
    reschedule: async (selector, sendAt, limits = {}) =>
      act(limits, bind(operator.rescheduleMessages, { ...request(selector, limits), sendAt: timestampOf('send_at', sendAt) })),
    changeLane: async (selector, lane, limits = {}) =>
      act(limits, bind(operator.changeLane, { ...request(selector, limits), ...laneFields('lane', lane) })),
    move: async (selector, upstream, limits = {}) => act(limits, bind(operator.moveMessages, { ...request(selector, limits), upstream })),
    operation: (id, limits = {}) => act(limits, (attempt) => operator.getOperation({ id }, attempt)),
    retryDeadLetters: async (selector, limits = {}) => act(limits, bind(operator.retryDeadLetters, request(selector, limits))),
    purgeDeadLetters: async (selector, limits = {}) => act(limits, bind(operator.purgeDeadLetters, request(selector, limits))),
    deadLetters: (filter = {}, limits = {}) => deadLetters(connection, filter, limits),
    ...suspensions(connection),
  };
}

function suspensions({ call, operator }: Connection): Pick<Operator, 'suspend' | 'suspensions' | 'lift'> {
  return {
    async suspend(match, limits = {}) {
      const { comment = '', author = '', ttlMs } = limits;
      const ttl = ttlMs === undefined ? {} : { ttl: durationOf('ttl', ttlMs) };
      const wanted = { match: suspensionMatch(match), comment, author, suspensionId: newId(), ...ttl };
      const { suspension } = await call(limits, (attempt) => operator.createSuspension(wanted, attempt));
      return suspensionStatus(suspension ?? create(SuspensionSchema));
    },
    async suspensions(limits = {}) {
      const all = await call(limits, (attempt) => operator.listSuspensions({}, attempt));
      return all.suspensions.map(suspensionStatus);
    },
    async lift(id, limits = {}) {
      const { comment = '', author = '' } = limits;
      await call(limits, (attempt) => operator.deleteSuspension({ id, comment, author }, attempt));
    },
  };
}

/** One id for all attempts of a call. */
function request(selector: MailSelector, { comment = '', author = '', dryRun = false, operationId = newId() }: OperationOptions) {
  return { selector: messageSelector(selector), comment, author, dryRun, operationId };
}

function bind<R, A>(method: (message: R, options: RpcOptions) => Promise<A>, message: R): (options: RpcOptions) => Promise<A> {
  return (options) => method(message, options);
}
