import { create } from '@bufbuild/protobuf';
import { durationMs, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { HandlerContext } from '@connectrpc/connect';
import type { LaneTable } from '@posthaste/core';
import { SubmitResponseSchema, type SubmitRequest, type SubmitResponse } from '@posthaste/protocol';
import {
  IdempotencyConflict,
  SubmissionError,
  type Acceptance,
  type Cover,
  type Door,
  type Idempotency,
  type Protocol,
  type Replay,
  type Wishes,
} from '@posthaste/submission';
import type { MailLog } from '@posthaste/telemetry';
import type { Attachments } from './attachments.ts';
import { laneAsked } from '../lane-asked.ts';
import { clientAddress, overRest, requestHeaderOf } from '../call-context.ts';
import { readAddressing, recipientsOf, type Addressing } from './envelope.ts';
import { publicationsOf } from './idempotency.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { buildMessage } from '../mime/index.ts';
import { fingerprintOf } from './request-fingerprint.ts';
import { translateConflict, translateRefusal } from '../refusal/submission-refusal.ts';

export interface SubmitOptions {
  readonly door: Door;
  readonly mailLog: MailLog;
  readonly attachments: Attachments;
  readonly idempotency: Idempotency;
}

/** Takes one message whose rules have been checked, whatever call it came by. Rejects with a ConnectError. */
export type Submit = (request: SubmitRequest, context: HandlerContext) => Promise<SubmitResponse>;

export function createSubmit({ door, mailLog, attachments, idempotency }: SubmitOptions): Submit {
  const build = (request: SubmitRequest, addressing: Addressing, context: HandlerContext) => {
    // A call's signal costs more than building a small message does.
    const contents = request.attachments.length > 0 ? attachments.contents(request.attachments, context.signal) : [];
    return buildMessage(request, addressing, door.limits, contents).raw;
  };
  return async (request, context) => {
    const key = idempotencyKeyOf(request, context);
    const addressing = readAddressing(request);
    const cover = coverOf(request, addressing, context, door.lanes);
    const raw = () => (request.raw.length > 0 ? request.raw : build(request, addressing, context));
    const store = async (id = door.newId()): Promise<Acceptance> => {
      const trouble = door.refusal();
      if (trouble) throw trouble;
      return door.submitRaw({ ...cover, raw: raw(), id });
    };
    const { tenant = 'default' } = cover;
    const claim = (given: string) => ({
      tenant,
      key: given,
      life: request.briefKey ? ('brief' as const) : ('lasting' as const),
      fingerprint: fingerprintOf(request),
      call: context,
      signal: context.signal,
      publications: publicationsOf(request, door.limits),
    });
    const submitted = await (key === undefined ? store() : idempotency.run(claim(key), store)).catch(refuse);
    logSubmitted(mailLog, submitted, cover);
    const { id, acceptedAt, replayed = false } = submitted;
    return create(SubmitResponseSchema, { id, acceptedAt: timestampFromMs(acceptedAt), replayed });
  };
}

function refuse(error: unknown): never {
  if (error instanceof SubmissionError) throw translateRefusal(error);
  if (error instanceof IdempotencyConflict) throw translateConflict(error);
  throw error;
}

function logSubmitted(mailLog: MailLog, submitted: Acceptance | Replay, { envelope, protocol, client, tenant = 'default' }: Cover): void {
  const line = {
    id: submitted.id,
    tenant,
    from: envelope.from,
    to: envelope.recipients.map(({ address }) => address),
    door: protocol,
    ...(client ? { client: client.address } : {}),
  };
  if (submitted.replayed) return mailLog.replayed(line);
  const { lane, size, due } = submitted;
  mailLog.accepted({ ...line, lane, size, ...(due === undefined ? {} : { due }) });
}

function coverOf(request: SubmitRequest, addressing: Addressing, context: HandlerContext, lanes: LaneTable): Cover {
  const client = context.values.get(clientAddress);
  const traceparent = requestHeaderOf(context, 'traceparent');
  return {
    // All that we take is UTF-8, so SMTPUTF8 is spoken; whether this mail needs it is found out on the way.
    envelope: { from: addressing.from.address, recipients: recipientsOf(addressing).map((address) => ({ address })), smtpUtf8: true },
    protocol: protocolOf(context),
    ...(client === undefined ? {} : { client: { address: client } }),
    ...(traceparent === null ? {} : { traceparent }),
    ...(request.tenant === '' ? {} : { tenant: request.tenant }),
    wishes: wishesOf(request, lanes),
  };
}

function wishesOf(request: SubmitRequest, lanes: LaneTable): Wishes {
  const { sendAt, ttl, deadline, tags } = request;
  const lane = laneAsked(request, lanes);
  return {
    ...(lane ? { lane: lane.name } : {}),
    ...(sendAt ? { due: timestampMs(sendAt) } : {}),
    ...(ttl ? { ttlMs: durationMs(ttl) } : {}),
    ...(deadline ? { deadline: timestampMs(deadline) } : {}),
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
  };
}

const protocols: Readonly<Record<string, Protocol>> = { connect: 'Connect', grpc: 'gRPC', 'grpc-web': 'gRPC-Web' };

function protocolOf(context: HandlerContext): Protocol {
  return context.values.get(overRest) ? 'HTTP' : (protocols[context.protocolName] ?? 'HTTP');
}
