import { VirtualWorld } from './virtual-world.ts';
import type { Tell } from './witness.ts';

/** Every fifth run goes far; the others are many. */
const steps = { usual: 500, long: 1_500 };

export interface Chaos {
  readonly seed: number;
  /** What happened, in order; the last is what failed, if anything did. */
  readonly history: readonly string[];
  readonly failure: string | null;
}

/** One run through everything that can go wrong, and then to its end in calm. The same seed makes the same run. `tell`: hears what the parts said. */
export function runChaos(seed: number, tell?: Tell): Chaos {
  const history: string[] = [];
  try {
    const world = new VirtualWorld(seed, tell);
    for (let left = seed % 5 === 0 ? steps.long : steps.usual; left > 0; left -= 1) {
      history.push(world.stumble());
      tell?.(`step ${history.length}: ${history.at(-1)}`);
    }
    history.push('calm');
    tell?.(`step ${history.length}: calm`);
    world.calmDown();
    return { seed, history, failure: null };
  } catch (error) {
    return { seed, history, failure: (error as Error).message };
  }
}

/** What of these seeds failed, each with the command that shows it again. */
export function failuresAmong(seeds: readonly number[]): string[] {
  return seeds.flatMap((seed) => {
    const { history, failure } = runChaos(seed);
    if (failure === null) return [];
    return `seed ${seed}, after step ${history.length}: ${failure}; before: ${history.slice(-8).join(', ')}; again: pnpm simulate:seed ${seed}`;
  });
}
