import { create } from '@bufbuild/protobuf';
import { durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import { type Attempt, type AttemptOutcome, AttemptOutcomeSchema, type HeldAttempt, HeldAttemptSchema } from '@posthaste/protocol/dispatch';
import type { Clock, Span } from '@posthaste/telemetry';
import { groupVerdicts, type Verdict } from './outcome.ts';

/** An attempt from its arrival until the scheduler has acknowledged its outcome. */
export interface Assignment {
  readonly attempt: Attempt;
  /** Whose owner assigned it. An attempt's id is unique in its partition only. */
  readonly partition: number;
  /** The lease's term in which it came. */
  readonly term: number;
  /** Monotonic milliseconds; infinite without a deadline. */
  readonly deadlineAt: number;
  stage: Stage;
  /** From its announcement on, where traces are told. */
  span?: Span;
}

export type Stage =
  | { readonly kind: 'waiting' }
  /** Announced, or about to be. MAIL FROM may have been written. `confirmed`: whether the scheduler knows, and so the mail may be handed over. */
  | { readonly kind: 'begun'; readonly confirmed: PromiseWithResolvers<boolean> }
  | { readonly kind: 'finished'; readonly outcome: AttemptOutcome; reportedAt: number };

/** All that this sender holds of one partition. It is also the answer to "what do you hold?" when a stream opens. */
export class Workload {
  readonly #clock: Clock;
  readonly #partition: number;
  readonly #assignments = new Map<string, Assignment>();
  #unfinished = 0;
  #waiters: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  constructor(clock: Clock, partition = 0) {
    this.#clock = clock;
    this.#partition = partition;
  }

  get unfinished(): number {
    return this.#unfinished;
  }

  get size(): number {
    return this.#assignments.size;
  }

  /**
   * Undefined for an attempt that is held already: a second delivery of one attempt must never happen.
   *
   * @param lateMs how long it was under way: its time ran on meanwhile
   */
  admit(attempt: Attempt, term: number, lateMs = 0): Assignment | undefined {
    if (this.#assignments.has(attempt.attemptId)) return undefined;
    const left = attempt.usefulFor ? durationMs(attempt.usefulFor) - lateMs : Number.POSITIVE_INFINITY;
    const assignment: Assignment = {
      attempt,
      partition: this.#partition,
      term,
      deadlineAt: this.#clock.monotonic() + left,
      stage: { kind: 'waiting' },
    };
    this.#assignments.set(attempt.attemptId, assignment);
    this.#unfinished += 1;
    return assignment;
  }

  begin(assignment: Assignment): void {
    assignment.stage = { kind: 'begun', confirmed: Promise.withResolvers() };
  }

  /** The scheduler knows that these have begun, or wants none of them any more. One that was confirmed stays so. */
  confirm(attemptIds: readonly string[], confirmed: boolean): void {
    for (const id of attemptIds) settleBegin(this.#assignments.get(id), confirmed);
  }

  /** Ends the waiting for confirmations that no longer help. */
  giveUpUnconfirmed(which: (assignment: Assignment) => boolean): void {
    for (const assignment of this.#assignments.values()) if (which(assignment)) settleBegin(assignment, false);
  }

  /** Resolves when the scheduler knows that it has begun; to false when there is no use in waiting any longer. */
  whenConfirmed({ stage }: Assignment): Promise<boolean> {
    return stage.kind === 'begun' ? stage.confirmed.promise : Promise.resolve(false);
  }

  /** `tookMs`: begin of the transaction to its final reply, when it had begun. */
  finish(assignment: Assignment, verdicts: readonly Verdict[], tookMs?: number): AttemptOutcome {
    const { attempt } = assignment;
    const outcome = create(AttemptOutcomeSchema, {
      attemptId: attempt.attemptId,
      messageId: attempt.messageId,
      recipients: groupVerdicts(attempt, verdicts),
      ...(tookMs === undefined ? {} : { took: durationFromMs(Math.round(tookMs)) }),
    });
    assignment.stage = { kind: 'finished', outcome, reportedAt: this.#clock.monotonic() };
    this.#unfinished -= 1;
    this.#wake();
    return outcome;
  }

  acknowledge(attemptIds: readonly string[]): void {
    for (const id of attemptIds) {
      if (this.#assignments.get(id)?.stage.kind === 'finished') this.#assignments.delete(id);
    }
    this.#wake();
  }

  /** Outcomes last said at least `ageMs` ago; they count as said now. */
  takeUnacknowledged(ageMs: number): AttemptOutcome[] {
    const now = this.#clock.monotonic();
    const outcomes: AttemptOutcome[] = [];
    for (const { stage } of this.#assignments.values()) {
      if (stage.kind !== 'finished' || now - stage.reportedAt < ageMs) continue;
      stage.reportedAt = now;
      outcomes.push(stage.outcome);
    }
    return outcomes;
  }

  whenFinished(): Promise<void> {
    return this.#when(() => this.#unfinished === 0);
  }

  whenAcknowledged(): Promise<void> {
    return this.#when(() => this.size === 0);
  }

  held(): HeldAttempt[] {
    return [...this.#assignments.values()]
      .filter(({ stage }) => stage.kind !== 'finished')
      .map(({ attempt, stage }) => create(HeldAttemptSchema, { attemptId: attempt.attemptId, begun: stage.kind === 'begun' }));
  }

  #when(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ done, resolve }));
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    for (const { done, resolve } of this.#waiters) if (done()) resolve();
    this.#waiters = this.#waiters.filter(({ done }) => !done());
  }
}

function settleBegin(assignment: Assignment | undefined, confirmed: boolean): void {
  if (assignment?.stage.kind === 'begun') assignment.stage.confirmed.resolve(confirmed);
}
