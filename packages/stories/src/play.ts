import { System, type SystemOptions } from './system.ts';

/** Starts a system, plays a story on it, and clears everything away. A story that fails says what the programs said last, and keeps its folder. */
export async function play(options: SystemOptions, story: (system: System) => Promise<void>): Promise<void> {
  const system = await System.prepare(options);
  try {
    await system.start();
    await story(system);
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    throw new Error(`${sentence}\n\nThe programs' last words (all of them in ${system.dir}):\n${system.tails()}`, { cause: error });
  } finally {
    await system.close();
  }
  system.removeDir();
}
