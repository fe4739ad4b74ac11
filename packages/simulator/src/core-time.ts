/** What the core's decisions take, charged to it in virtual time. */
export interface CoreTime {
  begin(): void;
  /** Milliseconds since `begin`, in which so many events were said. */
  end(events: number): number;
}

export interface CoreUse {
  turns: number;
  events: number;
  busyMs: number;
  longestMs: number;
}

/** `decisionMicros` for each event, and for a turn without any; null: what the stopwatch says. `stopwatch`: milliseconds, of a real clock. */
export function chargeCore(decisionMicros: number | null, stopwatch: () => number, use: CoreUse): CoreTime {
  let beganAt = 0;
  return {
    begin() {
      if (decisionMicros === null) beganAt = stopwatch();
    },
    end(events) {
      const tookMs = decisionMicros === null ? stopwatch() - beganAt : (Math.max(1, events) * decisionMicros) / 1_000;
      use.turns += 1;
      use.events += events;
      use.busyMs += tookMs;
      use.longestMs = Math.max(use.longestMs, tookMs);
      return tookMs;
    },
  };
}
