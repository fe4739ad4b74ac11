import { fourLanes } from './four-lanes.ts';
import { randomUUIDv7 } from 'node:crypto';
import { type LaneTable, partitionOf } from '@posthaste/core';
import { createChunkWriter, type ChunkWriter, type FillWatch, type Publisher } from '@posthaste/stream';
import { noTracing, type Attributes, type Clock, type Tracing } from '@posthaste/telemetry';
import { createAccept, fullError, refuseWhenFull } from './accept.ts';
import { checkCover, laneOf } from './check-cover.ts';
import { Intake, isInternational } from './intake.ts';
import { mergeWishes } from './merge-wishes.ts';
import type { Head } from './message/head.ts';
import { createDoorMetrics, type DoorName } from './metrics.ts';
import type { Repeats } from './repeats.ts';
import { Spread } from './spread.ts';
import { SubmissionError } from './submission-error.ts';
import { defaultLimits, type Acceptance, type Cover, type Submission, type SubmissionLimits } from './submission.ts';

export interface DoorOptions {
  readonly publisher: Publisher;
  readonly fill: FillWatch;
  readonly clock: Clock;
  /** For metrics. */
  readonly name: DoorName;
  /** The host's name in Received and Message-ID. */
  readonly hostname: string;
  readonly limits?: Partial<SubmissionLimits>;
  /** How many partitions new mail is spread over. Default 1. */
  readonly partitions?: number;
  /** All that mail can be in. Default: the four. */
  readonly lanes?: LaneTable;
  readonly newId?: () => string;
  /** Recognises a submission that repeats an earlier one of the same submitter. Absent: none is one. */
  readonly repeats?: Repeats;
  /** Each submission is a span, and the first of its mail's trace here. Default: nobody is told. */
  readonly tracing?: Tracing;
}

export interface Door {
  readonly limits: SubmissionLimits;
  /** All that mail can be in. */
  readonly lanes: LaneTable;
  /** Why nothing can be accepted now; asked before a message is read. */
  refusal(): SubmissionError | undefined;
  /** An id for a message to come. */
  newId(): string;
  /** Begins a message whose bytes are still to come. `id` is one of `newId`; by default a new one. */
  begin(cover: Cover, id?: string): Intake;
  /** Ends it: resolves only when the mail is stored; rejects with a SubmissionError. */
  finish(intake: Intake): Promise<Acceptance>;
  /** The two together, for a message that is at hand. */
  submitRaw(submission: Submission): Promise<Acceptance>;
}

/** What every door does with a message, whatever protocol it came by: transform, accept, count. */
export function createDoor(options: DoorOptions): Door {
  const { clock, hostname, lanes = fourLanes, partitions = 1, newId = randomUUIDv7, tracing = noTracing } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const metrics = createDoorMetrics(options.name, lanes);
  const accept = createAccept(options);
  const openChunks = createChunkOpener(options);
  const spread = new Spread({ fill: options.fill, partitions, newId });

  const idFor = (cover: Cover) => (options.repeats && cover.submitter !== undefined ? spread.idFor(cover.submitter, cover) : spread.newId());
  const begin = (cover: Cover, id = idFor(cover)): Intake => {
    const { protocol, client, priority, maxLane } = cover;
    const trace = { id, protocol, client, hostname, now: clock.now(), smtpUtf8: isInternational(cover), priority, maxLane };
    const refusal = troubleOf(options, spread, limits) ?? faultOf(cover, limits);
    const submitter = options.repeats && cover.submitter !== undefined ? { submitter: cover.submitter } : {};
    const span = tracing.begin('accept mail', {
      kind: 'producer',
      parent: cover.traceparent,
      ...(tracing.enabled && { attributes: spanAttributes(id, cover) }),
    });
    return new Intake({ id, cover, trace, lanes, limits, refusal, ...submitter, span, accept, openChunks: (head) => openChunks(id, cover, head) });
  };
  const finish = (intake: Intake): Promise<Acceptance> => metrics.observe(clock, () => intake.finish());

  return {
    limits,
    lanes,
    refusal: () => metrics.refusal(troubleOf(options, spread, limits)),
    newId: () => spread.newId(),
    begin,
    finish,
    async submitRaw({ raw, id, ...cover }) {
      const intake = begin(cover, id);
      await pour(raw, intake);
      return finish(intake);
    },
  };
}

/** No semantic conventions exist for mail: `messaging.*` where they fit, else a prefix of our own. Never an address. */
function spanAttributes(id: string, { protocol, envelope }: Cover): Attributes {
  return {
    'messaging.system': 'nats',
    'messaging.operation.type': 'send',
    'messaging.message.id': id,
    'email.message.id': id,
    'email.recipient.count': envelope.recipients.length,
    'posthaste.protocol': protocol,
  };
}

/** Why no mail at all can be accepted now. While one lane has room, only the message itself can tell. */
function troubleOf({ publisher }: DoorOptions, { full }: Spread, { maxPendingBytes }: SubmissionLimits): SubmissionError | undefined {
  if (full !== null) return fullError(full);
  if (publisher.pendingBytes < maxPendingBytes) return undefined;
  return new SubmissionError('AWAY', 'storage does not answer and too much is waiting for it; try again later');
}

/** Bodies above the inline limit take room of their own: it must be there before the first chunk. */
function createChunkOpener({ fill, publisher, lanes = fourLanes }: DoorOptions) {
  return (id: string, cover: Cover, head: Head): ChunkWriter => {
    refuseWhenFull(fill, id, laneOf(mergeWishes(cover, head.asked, lanes), lanes).base, true);
    return createChunkWriter(publisher, partitionOf(id), id);
  };
}

function faultOf(cover: Cover, { maxRecipients }: SubmissionLimits): SubmissionError | undefined {
  try {
    checkCover(cover, maxRecipients);
    return undefined;
  } catch (error) {
    if (error instanceof SubmissionError) return error;
    throw error;
  }
}

async function pour(raw: Submission['raw'], intake: Intake): Promise<void> {
  if (raw instanceof Uint8Array && raw.length <= pieceBytes) return void (await intake.write(raw));
  try {
    for await (const bytes of raw instanceof Uint8Array ? piecesOf(raw) : raw) await intake.write(bytes);
  } catch (error) {
    intake.abort();
    throw error;
  }
}

/** What looks at bytes makes copies of them: of a large message in pieces, so that it is not in memory twice. */
const pieceBytes = 256 * 1024;

function* piecesOf(raw: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < raw.length; at += pieceBytes) yield raw.subarray(at, at + pieceBytes);
}
