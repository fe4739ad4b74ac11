/** The four urgencies, most urgent first. Each lane has a log of its own, so that bulk never fills the place of urgent mail. */
export const lanes = ['immediate', 'high', 'normal', 'low'] as const;

export type Lane = (typeof lanes)[number];

export function isLane(word: string): word is Lane {
  return (lanes as readonly string[]).includes(word);
}
