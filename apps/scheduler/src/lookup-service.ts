import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { status, type sendUnaryData, type ServerUnaryCall, type UntypedHandleCall } from '@grpc/grpc-js';
import { encodeTicket, lanes, partitionOf, type Intervention, type RecipientView, type Ticket } from '@posthaste/core';
import { LookupMessageResponseSchema, type LookupMessageRequest, type LookupMessageResponse } from '@posthaste/protocol/dispatch';
import { mailStream, streamState, waitStream, type StreamConnection } from '@posthaste/stream';
import type { Clock } from '@posthaste/telemetry';
import type { Driver } from './driver.ts';
import type { Figures } from './figures.ts';
import type { Suspensions } from './operation/suspensions.ts';

/** How long a question waits for the tickets that were stored before it was asked. */
const patienceMs = 2_000;
const lookAgainMs = 5;

export interface Lookup {
  readonly connection: StreamConnection;
  readonly partition: number;
  readonly owner: string;
  readonly epoch: number;
  readonly driver: Driver;
  readonly figures: Figures;
  readonly suspensions: Suspensions;
  /** How long dead letters are kept. */
  readonly deadLetterAgeMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Refusal {
  readonly code: status;
  readonly details: string;
}

export function unavailable(details: string): Refusal {
  return { code: status.UNAVAILABLE, details };
}

/** `current`: what to look in during a partition's present epoch, or null while another scheduler owns it. */
export function lookupHandler(current: (partition: number) => Lookup | null): UntypedHandleCall {
  return (call: ServerUnaryCall<LookupMessageRequest, LookupMessageResponse>, answer: sendUnaryData<LookupMessageResponse>) => {
    const partition = partitionOf(call.request.id);
    const lookup = current(partition);
    if (!lookup) return answer(unavailable(`this scheduler does not own partition ${partition} now`));
    lookUp(lookup, call.request.id).then(
      (found) => ('code' in found ? answer(found) : answer(null, found)),
      (error: unknown) => answer(unavailable(`the streams cannot be asked now: ${String(error)}`)),
    );
    return undefined;
  };
}

export async function lookUp(lookup: Lookup, id: string): Promise<LookupMessageResponse | Refusal> {
  const { driver } = lookup;
  if (!driver.engine.find(id) && !(await readAllThatIsStored(lookup))) {
    return unavailable('mail that may include this message is still being read; ask again');
  }
  const found = driver.engine.find(id);
  if (found) return render({ ...found.ticket, furtherLane: undefined, ...found.lane.written }, found.recipients);
  if (driver.engine.finishedLately(id)) return unavailable('the message has just finished; the ledger will know it in a moment');
  return { code: status.NOT_FOUND, details: `no message ${id} is waiting` };
}

/** Whether the engine has seen everything that the streams held when the question came. */
export async function readAllThatIsStored({ connection, partition, driver, clock, signal }: Lookup): Promise<boolean> {
  const sources = [...lanes, 'wait' as const];
  const ends = await Promise.all(
    sources.map(async (source) => {
      const { last } = await streamState(connection, source === 'wait' ? waitStream(partition) : mailStream(partition, source));
      return { source, last };
    }),
  );
  const isRead = () => ends.every(({ source, last }) => driver.engine.seen(source) >= last);
  const until = clock.monotonic() + patienceMs;
  while (!isRead() && clock.monotonic() < until && !signal.aborted) await clock.sleep(lookAgainMs, signal).catch(() => {});
  return isRead();
}

function render(ticket: Ticket, recipients: readonly RecipientView[]): LookupMessageResponse {
  return create(LookupMessageResponseSchema, { ticketJson: encodeTicket(ticket), recipients: recipients.map(renderRecipient) });
}

export function renderRecipient({ state, due: dueAt, upstreamDown, suspended }: RecipientView) {
  const due = dueAt === undefined ? {} : { due: timestampFromMs(dueAt) };
  const reply = 'reply' in state && state.reply ? { lastReply: wireReply(state.reply) } : {};
  const by = 'by' in state ? { intervention: wireIntervention(state.by) } : {};
  return {
    state: state.kind,
    reason: suspended && state.kind === 'queued' ? 'SUSPENDED_BY_OPERATOR' : reasonOf(state, upstreamDown),
    attempts: state.attempts,
    ...due,
    ...reply,
    ...by,
  };
}

function reasonOf(state: RecipientView['state'], upstreamDown: boolean): string {
  const reason = 'reason' in state ? state.reason : undefined;
  if (state.kind === 'cancelled') return 'CANCELLED_BY_OPERATOR';
  if (state.kind === 'queued' && state.due === 0 && upstreamDown) return 'UPSTREAM_DOWN';
  return reason ?? '';
}

function wireIntervention({ author, comment, at }: Intervention) {
  return { author, comment, at: timestampFromMs(at) };
}

function wireReply({ code, enhanced = '', text }: { code: number; enhanced?: string; text: string }) {
  return { code, enhancedCode: enhanced, text };
}
