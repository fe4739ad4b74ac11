import { create } from '@bufbuild/protobuf';
import { durationMs, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { HandlerContext } from '@connectrpc/connect';
import type { LaneTable } from '@posthaste/core';
import { SuspensionSchema, type CreateSuspensionRequest, type DeleteSuspensionRequest, type Suspension } from '@posthaste/protocol';
import { OperateService, type Suspension as SchedulersSuspension } from '@posthaste/protocol/dispatch';
import { laneFields } from '../lane-asked.ts';
import { refusal } from '../refusal/refusal.ts';
import { authorOf, idOr } from './caller.ts';
import type { OperateOptions } from './operate.ts';
import { selectionOfMatch } from './selection.ts';

type SuspensionOptions = Pick<OperateOptions, 'operator' | 'clock' | 'lanes'>;

/** In force in every partition, or an error: made again with its id, it is made where it is missing. */
export async function createSuspension(
  { operator, clock, lanes }: SuspensionOptions,
  request: CreateSuspensionRequest,
  context: HandlerContext,
): Promise<Suspension> {
  const now = clock.now();
  const suspension = {
    id: idOr(request.suspensionId),
    ...(request.match ? { match: selectionOfMatch(request.match, lanes, 'match.') } : {}),
    comment: request.comment,
    author: authorOf(request, context),
    at: timestampFromMs(now),
    ...(request.ttl ? { expires: timestampFromMs(now + durationMs(request.ttl)) } : {}),
  };
  const { createSuspension: method } = OperateService.method;
  const made = await Promise.all(operator.partitions.map((partition) => operator.ask(partition, method, { suspension })));
  const [first] = made.flatMap((answer) => answer?.suspension ?? []);
  if (!first) throw new Error('a scheduler made a suspension and did not say which');
  return suspensionFrom(first, lanes);
}

/** Those in force in any partition, oldest first. */
export async function listSuspensions({ operator, lanes }: Pick<SuspensionOptions, 'operator' | 'lanes'>): Promise<Suspension[]> {
  const { listSuspensions: method } = OperateService.method;
  const lists = await Promise.all(operator.partitions.map((partition) => operator.ask(partition, method, {})));
  const all = lists.flatMap((list) => list?.suspensions ?? []);
  const byId = new Map(all.map((suspension) => [suspension.id, suspension]));
  const since = ({ at }: SchedulersSuspension) => (at ? timestampMs(at) : 0);
  return [...byId.values()].sort((one, other) => since(one) - since(other)).map((suspension) => suspensionFrom(suspension, lanes));
}

/** Rejects with SUSPENSION_NOT_FOUND when no partition has it. */
export async function deleteSuspension(
  { operator }: Pick<SuspensionOptions, 'operator'>,
  request: DeleteSuspensionRequest,
  context: HandlerContext,
): Promise<void> {
  const id = request.id.toLowerCase();
  const lift = { id, author: authorOf(request, context), comment: request.comment };
  const { liftSuspension } = OperateService.method;
  const lifted = await Promise.all(operator.partitions.map((partition) => operator.ask(partition, liftSuspension, lift)));
  if (lifted.every((answer) => answer === undefined))
    throw refusal('SUSPENSION_NOT_FOUND', `no suspension has the id ${id}: it was deleted, or has expired`, { metadata: { id } });
}

function suspensionFrom({ id, match, comment, author, at, expires }: SchedulersSuspension, lanes: LaneTable): Suspension {
  const { tenant = '', domain = '', upstream = '', lane = '', campaign = '', tags = {} } = match ?? {};
  const all = [tenant, domain, upstream, lane, campaign].every((word) => word === '') && Object.keys(tags).length === 0;
  return create(SuspensionSchema, {
    id,
    match: { tenant, domain, upstream, ...laneFields(lane, lanes), campaign, tags, all },
    comment,
    author,
    ...(at ? { createdAt: at } : {}),
    ...(expires ? { expiresAt: expires } : {}),
  });
}
