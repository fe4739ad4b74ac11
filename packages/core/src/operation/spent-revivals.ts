/** Mail that was revived, by id, with the sequence in DEAD up to which it has been revived: what is left of a copy must not revive it again. */
export type SpentRevivals = Map<string, number>;

/** Far more than can lie between a copy and its last trace. */
const mostSpent = 10_000;

/** The mail has come to its end once more. */
export function spendRevival(spentRevivals: SpentRevivals, id: string, sequence: number): void {
  spentRevivals.delete(id);
  spentRevivals.set(id, sequence);
  const [oldest] = spentRevivals.keys();
  if (spentRevivals.size > mostSpent && oldest !== undefined) spentRevivals.delete(oldest);
}
