import { create } from '@bufbuild/protobuf';
import { durationMs, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { HandlerContext } from '@connectrpc/connect';
import type { Lane as LaneName } from '@posthaste/core';
import { Lane, SubmitResponseSchema, type SubmitRequest, type SubmitResponse } from '@posthaste/protocol';
import { SubmissionError, type Cover, type Door, type Protocol, type Submission, type Wishes } from '@posthaste/submission';
import type { MailLog } from '@posthaste/telemetry';
import type { Attachments } from './attachments.ts';
import { clientAddress, overRest } from './call-context.ts';
import { readAddressing, recipientsOf, type Addressing } from './envelope.ts';
import { buildMessage } from './mime/index.ts';
import { refusal } from './refusal.ts';
import { translateRefusal } from './submission-refusal.ts';

export interface SubmitOptions {
  readonly door: Door;
  readonly mailLog: MailLog;
  readonly attachments: Attachments;
}

/** Takes one message whose rules have been checked, whatever call it came by. Rejects with a ConnectError. */
export type Submit = (request: SubmitRequest, context: HandlerContext) => Promise<SubmitResponse>;

export function createSubmit({ door, mailLog, attachments }: SubmitOptions): Submit {
  const build = (request: SubmitRequest, addressing: Addressing, signal: AbortSignal) =>
    buildMessage(request, addressing, door.limits, attachments.contents(request.attachments, signal)).raw;
  return async (request, context) => {
    refuseIdempotencyKey(request, context);
    const addressing = readAddressing(request);
    const cover = coverOf(request, addressing, context);
    const raw = () => (request.raw.length > 0 ? request.raw : build(request, addressing, context.signal));
    const { id, acceptedAt, lane, tenant, size, due } = await accept(door, cover, raw);
    mailLog.accepted({
      id,
      lane,
      tenant,
      size,
      from: cover.envelope.from,
      to: cover.envelope.recipients.map(({ address }) => address),
      door: cover.protocol,
      ...(cover.client ? { client: cover.client.address } : {}),
      ...(due === undefined ? {} : { due }),
    });
    return create(SubmitResponseSchema, { id, acceptedAt: timestampFromMs(acceptedAt) });
  };
}

/** A key that is passed over in silence would be worse than none: the client counts on it. */
function refuseIdempotencyKey({ idempotencyKey }: SubmitRequest, { requestHeader }: HandlerContext): void {
  if (idempotencyKey === '' && !requestHeader.has('idempotency-key')) return;
  const sentence = 'an idempotency key was given, and this release does not enforce it: send the message without one';
  throw refusal('IDEMPOTENCY_NOT_SUPPORTED', sentence, { fields: [{ field: 'idempotency_key', description: 'is not supported yet' }] });
}

async function accept(door: Door, cover: Cover, raw: () => Submission['raw']) {
  try {
    const trouble = door.refusal();
    if (trouble) throw trouble;
    return await door.submitRaw({ ...cover, raw: raw() });
  } catch (error) {
    throw error instanceof SubmissionError ? translateRefusal(error) : error;
  }
}

function coverOf(request: SubmitRequest, addressing: Addressing, context: HandlerContext): Cover {
  const client = context.values.get(clientAddress);
  return {
    // All that we take is UTF-8, so SMTPUTF8 is spoken; whether this mail needs it is found out on the way.
    envelope: { from: addressing.from.address, recipients: recipientsOf(addressing).map((address) => ({ address })), smtpUtf8: true },
    protocol: protocolOf(context),
    ...(client === undefined ? {} : { client: { address: client } }),
    ...(request.tenant === '' ? {} : { tenant: request.tenant }),
    wishes: wishesOf(request),
  };
}

const lanes: ReadonlyMap<number, LaneName> = new Map([
  [Lane.IMMEDIATE, 'immediate'],
  [Lane.HIGH, 'high'],
  [Lane.NORMAL, 'normal'],
  [Lane.LOW, 'low'],
]);

function wishesOf({ lane, sendAt, ttl, deadline, tags }: SubmitRequest): Wishes {
  const laneName = lanes.get(lane);
  return {
    ...(laneName === undefined ? {} : { lane: laneName }),
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
