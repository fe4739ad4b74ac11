/** The four urgencies, most urgent first. Each has a log of its own, so that bulk never fills the place of urgent mail. */
export const lanes = ['immediate', 'high', 'normal', 'low'] as const;

export type Lane = (typeof lanes)[number];

export function isLane(word: string): word is Lane {
  return (lanes as readonly string[]).includes(word);
}

/** A lane as it is written down, in tickets and in the journal: readable also where a further lane is not configured (any more). */
export interface WrittenLane {
  /** One of the four: for a further lane its base. */
  readonly lane: Lane;
  /** Name of the further lane; absent: one of the four. */
  readonly furtherLane?: string | undefined;
}

export function laneNameOf({ lane, furtherLane }: WrittenLane): string {
  return furtherLane ?? lane;
}
