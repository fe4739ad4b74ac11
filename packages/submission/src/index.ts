export { createDoor, type Door, type DoorOptions } from './door.ts';
export { Idempotency, type Replay } from './idempotency.ts';
export { IdempotencyConflict } from './idempotency-conflict.ts';
export { type Intake } from './intake.ts';
export { expectedDuration, readDuration } from './read-duration.ts';
export { expectedInstant, expectedTime, readInstant, readTime } from './read-time.ts';
export { Repeats } from './repeats.ts';
export { sameMailbox } from './same-mailbox.ts';
export { recipientBytes, recipientRoom } from './ticket-room.ts';
export { SubmissionError, type SubmissionErrorCode } from './submission-error.ts';
export { expectedLane } from './expected-lane.ts';
export { grantedPriority, laneOfPriority, readPriority } from './transfer-priority.ts';
export {
  defaultLimits,
  type Acceptance,
  type Client,
  type Cover,
  type Envelope,
  type Protocol,
  type Submission,
  type SubmissionLimits,
  type Wishes,
} from './submission.ts';
