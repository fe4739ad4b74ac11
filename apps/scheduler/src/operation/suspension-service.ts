import { create } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type { LaneTable, Suspension } from '@posthaste/core';
import {
  CreateSuspensionResponseSchema,
  LiftSuspensionResponseSchema,
  ListSuspensionsResponseSchema,
  SuspensionSchema,
  type CreateSuspensionRequest,
  type CreateSuspensionResponse,
  type LiftSuspensionRequest,
  type LiftSuspensionResponse,
  type ListSuspensionsResponse,
  type Suspension as WireSuspension,
} from '@posthaste/protocol/dispatch';
import type { Lookup } from '../lookup-service.ts';
import { Refused } from './call.ts';
import { readMatch } from './command-messages.ts';

export async function createSuspension({ suspensions, driver }: Lookup, request: CreateSuspensionRequest): Promise<CreateSuspensionResponse> {
  const asked = readSuspension(request.suspension, driver.engine.lanes);
  await suspensions.create(asked);
  const inForce = driver.engine.suspensions.find(({ id }) => id === asked.id) ?? asked;
  return create(CreateSuspensionResponseSchema, { suspension: suspensionMessage(inForce) });
}

export function listSuspensions({ driver }: Lookup): ListSuspensionsResponse {
  const inForce = driver.engine.suspensions.toSorted((one, other) => one.by.at - other.by.at);
  return create(ListSuspensionsResponseSchema, { suspensions: inForce.map(suspensionMessage) });
}

export async function liftSuspension({ suspensions }: Lookup, { id, author, comment }: LiftSuspensionRequest): Promise<LiftSuspensionResponse> {
  if (await suspensions.lift(id, { author, comment })) return create(LiftSuspensionResponseSchema);
  throw new Refused(status.NOT_FOUND, `no suspension has the id ${id}`);
}

function readSuspension(suspension: WireSuspension | undefined, lanes: LaneTable): Suspension {
  if (!suspension?.match) throw new Refused(status.INVALID_ARGUMENT, 'suspension.match: nothing is named, expected what it stops');
  const { id, match, author, comment, at, expires } = suspension;
  const by = { author, comment, at: at ? timestampMs(at) : 0 };
  return { id, match: readMatch(match, lanes), by, ...(expires && { expires: timestampMs(expires) }) };
}

function suspensionMessage({ id, match, by, expires }: Suspension): WireSuspension {
  const { tenant = '', domain = '', upstream = '', lane = '', campaign = '', tags = {} } = match;
  return create(SuspensionSchema, {
    id,
    match: { tenant, domain, upstream, lane, campaign, tags },
    author: by.author,
    comment: by.comment,
    at: timestampFromMs(by.at),
    ...(expires !== undefined && { expires: timestampFromMs(expires) }),
  });
}
