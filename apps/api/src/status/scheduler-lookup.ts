import { create } from '@bufbuild/protobuf';
import { status, type ServiceError } from '@grpc/grpc-js';
import { partitionOf } from '@posthaste/core';
import {
  LookupExplanationRequestSchema,
  LookupMessageRequestSchema,
  LookupService,
  LookupStatsRequestSchema,
  type LookupExplanationResponse,
  type LookupMessageResponse,
  type LookupStatsResponse,
} from '@posthaste/protocol/dispatch';
import { refusal } from '../refusal/refusal.ts';
import { openOwnerLines, type OwnerLinesOptions } from './owner-line.ts';

export interface SchedulerLookup {
  /** Undefined: the scheduler does not know it. Rejects with SCHEDULER_UNAVAILABLE when it cannot say. */
  find(id: string): Promise<LookupMessageResponse | undefined>;
  /** Why it is not there yet; undefined: the scheduler does not know it. Rejects with SCHEDULER_UNAVAILABLE when it cannot say. */
  explain(id: string): Promise<LookupExplanationResponse | undefined>;
  /** What waits where, by partition; undefined for one whose scheduler cannot be asked. Rejects with SCHEDULER_UNAVAILABLE when that is so of all. */
  stats(): Promise<readonly (LookupStatsResponse | undefined)[]>;
  close(): void;
}

const answerWithinMs = 2_000;

const { lookupMessage, lookupExplanation, lookupStats } = LookupService.method;
const unknownOrUnrecorded = unlessUnknown('the message is not recorded yet, and the scheduler cannot be asked now; try again');
const unknownOrUnexplained = unlessUnknown('why the message waits is known to the scheduler alone, which cannot be asked now; try again');

export function createSchedulerLookup(options: Omit<OwnerLinesOptions, 'answerWithinMs'>): SchedulerLookup {
  const lines = openOwnerLines({ ...options, answerWithinMs });
  return {
    find: async (id) => lines[partitionOf(id)]?.ask(lookupMessage, create(LookupMessageRequestSchema, { id })).catch(unknownOrUnrecorded),
    explain: async (id) => lines[partitionOf(id)]?.ask(lookupExplanation, create(LookupExplanationRequestSchema, { id })).catch(unknownOrUnexplained),
    async stats() {
      const answers = await Promise.allSettled(lines.map((line) => line.ask(lookupStats, create(LookupStatsRequestSchema))));
      const [first] = answers;
      if (first?.status === 'rejected' && answers.every((answer) => answer.status === 'rejected'))
        throw refusal('SCHEDULER_UNAVAILABLE', 'the scheduler cannot be asked now; try again', { cause: first.reason });
      return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
    },
    close: () => lines.forEach((line) => line.close()),
  };
}

/** What is not found is undefined; whatever else went wrong means that nobody can say. */
function unlessUnknown(sentence: string): (error: ServiceError) => undefined {
  return (cause) => {
    if (cause.code === status.NOT_FOUND) return undefined;
    throw refusal('SCHEDULER_UNAVAILABLE', sentence, { cause });
  };
}
