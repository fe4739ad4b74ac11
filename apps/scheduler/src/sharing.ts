/** Who is there and who owns what, as one scheduler sees it. */
export interface Standing {
  /** How many partitions there are. */
  readonly partitions: number;
  readonly me: string;
  readonly mine: ReadonlySet<number>;
  /** Of partitions that have one. */
  readonly owners: ReadonlyMap<number, string>;
  /** The schedulers that share the partitions. */
  readonly schedulers: ReadonlySet<string>;
}

export interface Shift {
  /** Partitions without an owner that are to be asked for. */
  readonly take: readonly number[];
  /** One that is to be given up, for a scheduler that has too few. */
  readonly give: number | null;
}

/**
 * Everyone decides for themselves, by the same rule: each has as many as any other, or one more. While another one has fewer than its part, nobody has
 * more than theirs. One at a time is given up, because its mail stands still until it is taken.
 */
export function shareOut(standing: Standing): Shift {
  const { mine, owners, partitions } = standing;
  const allowed = allowance(standing);
  const given = [...mine].toSorted((a, b) => b - a);
  if (mine.size > allowed) return { take: [], give: given[0] ?? null };
  const free = Array.from({ length: partitions }, (_, partition) => partition).filter((partition) => !owners.has(partition) && !mine.has(partition));
  return { take: fromMyPlace(standing, free).slice(0, allowed - mine.size), give: null };
}

/** How many this scheduler may have now. What is owned by one that is not among those that share is not theirs to count on. */
function allowance({ partitions, me, mine, owners, schedulers }: Standing): number {
  const counts = new Map([...schedulers].map((name) => [name, 0]));
  let elsewhere = 0;
  for (const [partition, owner] of owners) {
    if (owner === me || mine.has(partition)) continue;
    const count = counts.get(owner);
    if (count === undefined) elsewhere += 1;
    else counts.set(owner, count + 1);
  }
  counts.delete(me);
  const part = (partitions - elsewhere) / (counts.size + 1);
  const othersLack = [...counts.values()].some((count) => count < Math.floor(part));
  return othersLack ? Math.floor(part) : Math.ceil(part);
}

/** Each begins at another place of the free ones, so that those who look at the same time seldom ask for the same. */
function fromMyPlace({ me, schedulers }: Standing, free: readonly number[]): readonly number[] {
  const names = [...new Set([...schedulers, me])].toSorted();
  const from = Math.floor((free.length * names.indexOf(me)) / names.length);
  return [...free.slice(from), ...free.slice(0, from)];
}
