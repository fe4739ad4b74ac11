import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { type Intervention, type Message, Reason, type Recipient, RecipientState, UnchangedCause } from '@posthaste/protocol';
import type { FakeLane } from './fake-lanes.ts';

/** What an operation means for each recipient. */
export interface Verb {
  /** `dead`: it acts on dead letters. */
  readonly on: 'live' | 'dead';
  /** `boundFor`: the upstream of its next attempt. */
  judge(recipient: Recipient, message: Message, boundFor: string): 'change' | UnchangedCause;
  /** On a copy that becomes the present. */
  change(recipient: Recipient, message: Message, by: Intervention): Changed | void;
}

/** What a fake keeps beside the message. */
export interface Changed {
  /** Not before. */
  readonly dueMs?: number;
  readonly upstream?: string;
  readonly isPurged?: true;
}

/** In the order of the contract's words: what is final stays, what is held must be released first. */
function judgeLive({ state }: Recipient): 'change' | UnchangedCause {
  if (state === RecipientState.QUEUED) return 'change';
  return state === RecipientState.HELD ? UnchangedCause.HELD : UnchangedCause.FINAL;
}

export const hold = (): Verb => ({
  on: 'live',
  judge: (recipient) => (recipient.state === RecipientState.HELD ? UnchangedCause.ALREADY_SO : judgeLive(recipient)),
  change: (recipient, _message, by) =>
    void Object.assign(recipient, { state: RecipientState.HELD, reason: Reason.HELD_BY_OPERATOR, intervention: by }),
});

export const release: Verb = {
  on: 'live',
  judge({ state }) {
    if (state === RecipientState.HELD) return 'change';
    return state === RecipientState.QUEUED ? UnchangedCause.ALREADY_SO : UnchangedCause.FINAL;
  },
  change: (recipient) =>
    void Object.assign(recipient, {
      state: RecipientState.QUEUED,
      reason: recipient.dueAt ? Reason.SCHEDULED : Reason.UNSPECIFIED,
      intervention: undefined,
    }),
};

export const cancel = (): Verb => ({
  on: 'live',
  judge(recipient) {
    if (recipient.state === RecipientState.CANCELLED) return UnchangedCause.ALREADY_SO;
    return recipient.state === RecipientState.HELD ? 'change' : judgeLive(recipient);
  },
  change: (recipient, _message, by) =>
    void Object.assign(recipient, { state: RecipientState.CANCELLED, reason: Reason.CANCELLED_BY_OPERATOR, intervention: by }),
});

/** What has passed means now. Nothing is put off until after its deadline. */
export function reschedule(dueMs: number, nowMs: number): Verb {
  return {
    on: 'live',
    judge(recipient, { deadline }) {
      const judged = judgeLive(recipient);
      if (judged !== 'change') return judged;
      if (deadline && dueMs >= timestampMs(deadline)) return UnchangedCause.NOT_APPLICABLE;
      return recipient.dueAt && timestampMs(recipient.dueAt) === dueMs ? UnchangedCause.ALREADY_SO : 'change';
    },
    change(recipient) {
      const isAhead = dueMs > nowMs;
      Object.assign(recipient, { dueAt: isAhead ? timestampFromMs(dueMs) : undefined, reason: isAhead ? Reason.SCHEDULED : Reason.UNSPECIFIED });
      return { dueMs };
    },
  };
}

export function changeLane({ lane, laneName }: FakeLane): Verb {
  const judge = (recipient: Recipient, message: Message) => {
    const judged = recipient.state === RecipientState.HELD ? 'change' : judgeLive(recipient);
    return judged === 'change' && message.laneName === laneName ? UnchangedCause.ALREADY_SO : judged;
  };
  return { on: 'live', judge, change: (_recipient, message) => void Object.assign(message, { lane, laneName }) };
}

export function move(upstream: string): Verb {
  return {
    on: 'live',
    judge(recipient, _message, boundFor) {
      const judged = recipient.state === RecipientState.HELD ? 'change' : judgeLive(recipient);
      return judged === 'change' && boundFor === upstream ? UnchangedCause.ALREADY_SO : judged;
    },
    change: () => ({ upstream }),
  };
}

function judgeDead({ state }: Recipient): 'change' | UnchangedCause {
  if (state === RecipientState.FAILED) return 'change';
  return state === RecipientState.QUEUED || state === RecipientState.HELD ? UnchangedCause.NOT_APPLICABLE : UnchangedCause.FINAL;
}

export const revive: Verb = {
  on: 'dead',
  judge: judgeDead,
  change: (recipient) => void Object.assign(recipient, { state: RecipientState.QUEUED, reason: Reason.UNSPECIFIED, attemptCount: 0 }),
};

export const purge: Verb = { on: 'dead', judge: judgeDead, change: () => ({ isPurged: true }) };
