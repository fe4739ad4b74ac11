import { type Clock, describeError } from '@posthaste/telemetry';
import { type FleetBounds, type FleetPace, type FleetSight, keepSights, planFleet } from './fleet-plan.ts';
import type { Program } from './program.ts';
import type { Supervisor } from './supervisor.ts';

export interface FleetOptions {
  readonly supervisor: Pick<Supervisor, 'enlist' | 'retire'>;
  readonly bounds: FleetBounds;
  readonly pace: FleetPace;
  /** What the schedulers say now; undefined when none of them can. */
  readonly see: () => Promise<FleetSight | undefined>;
  /** The sender of this number, from 1 on, ready to be started. */
  readonly hire: (number: number) => Promise<Program>;
  readonly clock: Clock;
  readonly say: (level: 'info' | 'warn' | 'error', sentence: string) => void;
}

const lookEveryMs = 2_000;

/** Starts and stops senders as they are needed. Those up to `least` run from the start. */
export class Fleet {
  readonly #options: FleetOptions;
  /** By number, in the order in which they came; those that were told to end are not among them. */
  readonly #members = new Map<number, string>();
  /** Told to end and not gone: their numbers, which are their ports' and names' as well, are still theirs. */
  readonly #leaving = new Set<number>();
  #sights: FleetSight[] = [];

  constructor(options: FleetOptions, first: readonly string[]) {
    this.#options = options;
    first.forEach((name, index) => this.#members.set(index + 1, name));
  }

  /** Until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, say } = this.#options;
    while (!signal.aborted) {
      await this.#look(signal).catch((error: unknown) => say('warn', `the number of senders stays as it is: ${describeError(error)}`));
      await clock.sleep(lookEveryMs, signal).catch(() => {});
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { see, bounds, pace } = this.#options;
    const sight = await see();
    // What was needed before a silence says nothing of what was needed in it.
    this.#sights = sight ? keepSights([...this.#sights, sight], pace) : [];
    const running = this.#members.size;
    const planned = planFleet(this.#sights, running, bounds, pace);
    if (!sight || signal.aborted || planned === running) return;
    this.#options.say('info', `${running} senders run, ${sight.needed} are needed, ${sight.late} mails are late: there will be ${planned}`);
    for (let count = running; count < planned; count += 1) await this.#grow();
    for (let count = running; count > planned; count -= 1) this.#shrink();
  }

  async #grow(): Promise<void> {
    let number = 1;
    while (this.#members.has(number) || this.#leaving.has(number)) number += 1;
    const program = await this.#options.hire(number);
    this.#members.set(number, program.name);
    this.#options.supervisor.enlist(program);
  }

  /** The one that came last goes: it finishes what it has begun, and meanwhile nobody waits for it. */
  #shrink(): void {
    const [number, name] = [...this.#members].at(-1) ?? [];
    if (number === undefined || name === undefined) return;
    this.#members.delete(number);
    this.#leaving.add(number);
    const { supervisor, say } = this.#options;
    supervisor
      .retire(name)
      .catch((error: unknown) => say('error', `${name} could not be stopped: ${describeError(error)}`))
      .finally(() => this.#leaving.delete(number));
  }
}
