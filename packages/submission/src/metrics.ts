import type { LaneTable } from '@posthaste/core';
import { counter, histogram, type Clock } from '@posthaste/telemetry';
import { SubmissionError } from './submission-error.ts';
import type { Acceptance } from './submission.ts';

export type DoorName = 'smtp' | 'api';

const accepted = counter('posthaste_accepted_total', 'Mails accepted, by door and lane. A rise is more mail coming in.', ['door', 'lane']);

const replayed = counter(
  'posthaste_replayed_total',
  'Submissions that repeated an earlier one and were answered with its id, by door. A rise means that clients do not get our replies, or send twice.',
  ['door'],
);

const refused = counter(
  'posthaste_refused_total',
  "Mails refused at the door, by code. A rise of FULL or AWAY is our trouble: storage at its limit, or not answering; of any other code, a submitter's.",
  ['door', 'code'],
);

const acceptSeconds = histogram(
  'posthaste_accept_seconds',
  'From the last byte of a message to its positive answer. A rise means that storage acknowledges more slowly.',
  [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ['door'],
);

export function countReplayed(door: DoorName): void {
  replayed.labels(door).inc();
}

export interface DoorMetrics {
  /** Counts an acceptance and its time, or the refusal. */
  observe(clock: Clock, accept: () => Promise<Acceptance>): Promise<Acceptance>;
  /** Counts a refusal before the message, if there is one, and hands it on. */
  refusal(error: SubmissionError | undefined): SubmissionError | undefined;
}

export function createDoorMetrics(door: DoorName, lanes: LaneTable): DoorMetrics {
  const seconds = acceptSeconds.labels(door);
  const byLane = new Map(lanes.names.map((lane) => [lane, accepted.labels(door, lane)]));
  return {
    async observe(clock, accept) {
      const began = clock.monotonic();
      try {
        const acceptance = await accept();
        if (acceptance.replayed) countReplayed(door);
        else byLane.get(acceptance.lane)?.inc();
        seconds.observe((clock.monotonic() - began) / 1000);
        return acceptance;
      } catch (error) {
        refused.labels(door, error instanceof SubmissionError ? error.code : 'AWAY').inc();
        throw error;
      }
    },
    refusal(error) {
      if (error) refused.labels(door, error.code).inc();
      return error;
    },
  };
}
