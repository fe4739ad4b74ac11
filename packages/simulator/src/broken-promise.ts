/** Something that Posthaste promises did not hold: a fault of the core, or of the simulator. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';

  constructor(at: number, cause: Error) {
    super(`after ${(at / 1_000).toFixed(3)} s of virtual time: ${cause.message}`, { cause });
  }
}
