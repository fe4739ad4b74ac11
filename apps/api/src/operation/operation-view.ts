import { create } from '@bufbuild/protobuf';
import { OperationKind, OperationSchema, UnchangedCause, type Operation } from '@posthaste/protocol';
import type { OperateRequest, Progress } from '@posthaste/protocol/dispatch';

type ActName = NonNullable<OperateRequest['act']['case']>;

const kinds: Readonly<Record<ActName, OperationKind>> = {
  hold: OperationKind.HOLD,
  release: OperationKind.RELEASE,
  cancel: OperationKind.CANCEL,
  retry: OperationKind.RETRY,
  reschedule: OperationKind.RESCHEDULE,
  changeLane: OperationKind.CHANGE_LANE,
  move: OperationKind.MOVE,
  revive: OperationKind.RETRY_DEAD_LETTERS,
  purge: OperationKind.PURGE_DEAD_LETTERS,
};

/** What an operation did in all partitions together. */
export function operationFrom(progress: readonly Progress[]): Operation {
  const [first] = progress;
  const sum = (count: (each: Progress) => bigint) => progress.reduce((total, each) => total + count(each), 0n);
  return create(OperationSchema, {
    id: first?.id ?? '',
    kind: kindOf(first?.act ?? ''),
    done: progress.every(({ done }) => done),
    dryRun: first?.dryRun ?? false,
    matchedCount: sum(({ matched }) => matched),
    changedCount: sum(({ changed }) => changed),
    pendingCount: sum(({ pending }) => pending),
    unchanged: unchangedFrom(progress),
    author: first?.author ?? '',
    comment: first?.comment ?? '',
    ...(first?.at ? { createdAt: first.at } : {}),
  });
}

function kindOf(act: string): OperationKind {
  return Object.hasOwn(kinds, act) ? kinds[act as ActName] : OperationKind.UNSPECIFIED;
}

function unchangedFrom(progress: readonly Progress[]) {
  const counts = new Map<UnchangedCause, bigint>();
  for (const { cause: name, count } of progress.flatMap(({ unchanged }) => unchanged)) {
    const cause = causeOf(name);
    counts.set(cause, (counts.get(cause) ?? 0n) + count);
  }
  return [...counts].filter(([, count]) => count > 0n).map(([cause, count]) => ({ cause, count }));
}

function causeOf(name: string): UnchangedCause {
  return Object.hasOwn(UnchangedCause, name) ? UnchangedCause[name as keyof typeof UnchangedCause] : UnchangedCause.UNSPECIFIED;
}
