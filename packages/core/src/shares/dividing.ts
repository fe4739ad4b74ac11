import { evenPart, evenParts, padded, sumOf } from './share-table.ts';

/** One limit of one kind, as the owner of a partition sees it. */
export interface Standing {
  readonly limit: number;
  /** What each partition may use, by its number. */
  readonly shares: readonly number[];
  readonly partitions: number;
  readonly me: number;
  /** Partitions other than this one whose mail waits for it. */
  readonly askers: readonly number[];
  readonly need: Need;
}

/** What the partition itself needs of it. */
export interface Need {
  /** Its mail waits for it. */
  readonly waits: boolean;
  /** It has not waited for long: it can do with its even part. */
  readonly rested: boolean;
  /** How much is taken now: no less can be given up. */
  readonly used: number;
  /** The most that was taken lately. */
  readonly peak: number;
}

export interface Division {
  /** What each may use from now on, once it is written. Only this partition's share can be less than before. */
  readonly shares: readonly number[];
  /** What this partition uses at most from now on: what is taken beyond is given up when it is free. */
  readonly keeps: number;
}

/** A difference that is not worth a move, of the limit: two that both have mail do not swing. */
const slack = 0.05;
/** What is kept beyond what was used lately. */
const spare = 1.25;

/**
 * Who does not need all of its share gives it to those who ask; those whose mail waits have equal shares; and what nobody asks for goes back to even parts. Nobody but its
 * own partition lowers a share, and no lower than what is taken of it, so the sum of what is in use never grows beyond the limit.
 */
export function divide(standing: Standing): Division {
  const { limit, me, partitions, need } = standing;
  const shares = padded(standing.shares, partitions);
  const own = shares[me] ?? 0;
  const keeps = keepOf({ ...standing, shares }, own);
  const rest = Math.min(own, Math.max(keeps, need.used));
  shares[me] = rest;
  const free = limit - sumOf(shares);
  if (free > 0) spread(shares, free, { ...standing, shares }, rest < own || keeps < own);
  return { shares, keeps: Math.min(keeps < own ? keeps : (shares[me] ?? 0), limit) };
}

function keepOf({ limit, shares, partitions, me, askers, need }: Standing, own: number): number {
  const even = evenPart(limit, me, partitions);
  const over = sumOf(shares) - limit;
  // The limit was lowered: first comes what is too much.
  if (over > 0) return Math.min(own, Math.max(even, own - over));
  if (askers.length > 0) return keepBeside(askers, { limit, shares, me, need, over }, own);
  const lacking = shares.filter((share, partition) => share < evenPart(limit, partition, partitions));
  const isDue = need.rested || lacking.includes(0);
  return own > even && lacking.length > 0 && isDue ? Math.min(own, Math.max(even, reserveOf(need))) : own;
}

interface Rivalry extends Pick<Standing, 'limit' | 'shares' | 'me' | 'need'> {
  readonly over: number;
}

/** Whoever waits has as much as the others that do; who does not wait keeps what it uses, as far as that is no more. */
function keepBeside(askers: readonly number[], { limit, shares, me, need, over }: Rivalry, own: number): number {
  const rivals = [me, ...askers].map((partition) => shares[partition] ?? 0);
  const fair = Math.max(1, Math.ceil((sumOf(rivals) - over) / rivals.length));
  const keeps = Math.min(own, need.waits ? fair : Math.min(fair, reserveOf(need)));
  const trifle = need.waits || need.peak >= 1 ? Math.ceil(limit * slack) : 1;
  return own - keeps >= Math.max(1, trifle) ? keeps : own;
}

function reserveOf({ peak }: Need): number {
  return peak < 1 ? 1 : Math.ceil(peak * spare) + 1;
}

/** What is free goes to those that ask, the least first; without any, to those below their even part. `gives`: this partition has just given it up. */
function spread(shares: number[], free: number, { limit, partitions, me, askers, need }: Standing, gives: boolean): void {
  const asking = need.waits && !gives ? [me, ...askers] : askers;
  if (asking.length > 0) return fill(shares, asking, free);
  const parts = evenParts(limit, partitions);
  let left = free;
  for (const [partition, part] of parts.entries()) {
    const more = Math.min(left, Math.max(0, part - (shares[partition] ?? 0)));
    shares[partition] = (shares[partition] ?? 0) + more;
    left -= more;
  }
}

/** Raises the least of these, until they are equal or nothing is left. */
function fill(shares: number[], to: readonly number[], amount: number): void {
  const order = to.toSorted((one, other) => (shares[one] ?? 0) - (shares[other] ?? 0) || one - other);
  let left = amount;
  for (let count = 1; left > 0; count = Math.min(count + 1, order.length)) {
    const low = order.slice(0, count);
    const level = shares[low[0] as number] ?? 0;
    const next = count < order.length ? (shares[order[count] as number] ?? 0) : Infinity;
    const each = Math.min(next - level, Math.floor(left / count));
    for (const partition of low) shares[partition] = (shares[partition] ?? 0) + each;
    left -= each * count;
    if (level + each === next) continue;
    for (const partition of low.slice(0, left)) shares[partition] = (shares[partition] ?? 0) + 1;
    return;
  }
}
