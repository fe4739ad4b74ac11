/** The candidate that was most likely meant, or undefined when none is near: for "did you mean". */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    // Of two that are as near, the one of the same length: whoever swaps letters loses none.
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase()) + Math.abs(word.length - candidate.length) / 1_000;
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  const tolerated = Math.max(2, Math.floor(word.length / 3));
  return best && Math.floor(best.distance) <= tolerated ? best.candidate : undefined;
}

/** ` (did you mean x?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : ` (did you mean ${candidate}?)`;
}

/** Letters put in, left out, or taken for others, and neighbours that changed places: each counts one (optimal string alignment). A row at a time. */
function editDistance(left: string, right: string): number {
  let [before, row] = [[] as number[], Array.from({ length: right.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const other = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : other;
      next.push(Math.min(other, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[right.length] ?? 0;
}
