import { create } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { SubmitRequestSchema, SubmitResultSchema, type SubmitRequest, type SubmitResult } from '@posthaste/protocol';
import type { Log } from '@posthaste/telemetry';
import { decodeReference } from './attachment-reference.ts';
import { explainThrown } from '../refusal/explain.ts';
import { refuseFields } from '../refusal/refusal.ts';
import { Room } from '../limits/room.ts';
import { rpcStatusOf } from '../refusal/rpc-status.ts';
import type { Submit } from './calls.ts';
import type { Validate } from '../refusal/validation.ts';

export interface SubmitManyOptions {
  readonly submit: Submit;
  readonly validate: Validate;
  readonly log: Log;
}

/** Begins one message of many: resolves, when there is room for it, to the promise of what becomes of it. Rejects when the call is over before. */
export type SubmitOneOfMany = (message: SubmitRequest | undefined, context: HandlerContext) => Promise<{ readonly result: Promise<SubmitResult> }>;

/**
 * What all calls with many messages may have on its way to storage together. It is less than what storage lets wait (64 MiB), so that a call of many
 * never makes the others hear that storage is away; and enough of them that a flight of the publisher is full.
 */
const window = { places: 1_000, bytes: 32 * 1024 * 1024 };

export function createSubmitOneOfMany({ submit, validate, log }: SubmitManyOptions): SubmitOneOfMany {
  const room = new Room(window);
  const take = async (message: SubmitRequest, context: HandlerContext): Promise<SubmitResult> => {
    try {
      validate(SubmitRequestSchema, message);
      return create(SubmitResultSchema, { outcome: { case: 'accepted', value: await submit(message, context) } });
    } catch (thrown) {
      const error = explainThrown(thrown, context.method.name, log);
      return create(SubmitResultSchema, { outcome: { case: 'refused', value: rpcStatusOf(error) } });
    }
  };
  return async (message, context) => {
    if (!message) return { result: Promise.resolve(missing()) };
    const bytes = bytesOf(message);
    await room.enter(bytes, context.signal);
    return { result: take(message, context).finally(() => room.leave(bytes)) };
  };
}

function missing(): SubmitResult {
  const error = refuseFields([{ field: 'message', description: 'is missing' }]);
  return create(SubmitResultSchema, { outcome: { case: 'refused', value: rpcStatusOf(error) } });
}

/** A stored file counts as if it were at hand: it will be when its message is built. What is no reference is refused before anything is read. */
function bytesOf({ raw, text, html, attachments }: SubmitRequest): number {
  return attachments.reduce(
    (bytes, { content, reference }) => bytes + content.length + (decodeReference(reference)?.size ?? 0),
    raw.length + text.length + html.length,
  );
}
