import { OperationKind, UnchangedCause, type Operation } from '@posthaste/protocol';
import { dateOf } from '../message-status.ts';
import { withProto, type WithProto } from '../with-proto.ts';
import { wordOf, type Word } from '../word.ts';

/** What an operation does. */
export type OperationKindName = Word<typeof OperationKind>;
/** Why an operation did not change what it named. */
export type UnchangedCauseName = Word<typeof UnchangedCause>;

/** An operation, and how far it is. Counts are of recipients. */
export interface OperationStatus extends WithProto<Operation> {
  readonly id: string;
  readonly kind: OperationKindName;
  /** Whether all that was named has been gone through. False: it goes on; `operation(id)` tells how far it is. */
  readonly done: boolean;
  /** Nothing was changed, only counted. */
  readonly dryRun: boolean;
  readonly matchedCount: number;
  /** In a dry run: would be changed. */
  readonly changedCount: number;
  /** A sender was asked to leave them, and has not answered yet. */
  readonly pendingCount: number;
  readonly unchanged: readonly { readonly cause: UnchangedCauseName; readonly count: number }[];
  readonly author: string;
  readonly comment: string;
  readonly createdAt: Date | undefined;
}

export function operationStatus(operation: Operation): OperationStatus {
  const { id, done, dryRun, author, comment } = operation;
  return withProto(
    {
      id,
      kind: wordOf(OperationKind, operation.kind),
      done,
      dryRun,
      matchedCount: Number(operation.matchedCount),
      changedCount: Number(operation.changedCount),
      pendingCount: Number(operation.pendingCount),
      unchanged: operation.unchanged.map(({ cause, count }) => ({ cause: wordOf(UnchangedCause, cause), count: Number(count) })),
      author,
      comment,
      createdAt: dateOf(operation.createdAt),
    },
    operation,
  );
}
