import { type Address, formatAddress } from '@posthaste/config';
import { systemClock } from '@posthaste/telemetry';
import type { FurtherPorts } from './further-ports.ts';
import { furtherSender, type Launch, type Road } from './programs.ts';
import { Fleet } from './supervisor/fleet.ts';
import type { FleetPace } from './supervisor/fleet-plan.ts';
import { seeFleet } from './supervisor/fleet-sight.ts';
import type { Program } from './supervisor/program.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

/** With more late mails than these, senders that are needed are started at once. */
const lateAtOnce = 5_000;

/** The senders of a road beside the first: how many there are follows the need, within `up.senders`. */
export class Senders {
  readonly #road: Road;
  readonly #launch: Launch;
  readonly #ports: FurtherPorts;
  /** Those that run from the start. */
  readonly #first: Program[] = [];

  constructor(road: Road, ports: FurtherPorts, launch: Launch) {
    this.#road = road;
    this.#ports = ports;
    this.#launch = launch;
  }

  /** The programs to start with the others. */
  async prepare(): Promise<readonly Program[]> {
    for (let number = 2; number <= this.#road.values['up.senders'].least; number += 1) this.#first.push(await this.#hire(number));
    return this.#first;
  }

  /** Until the signal; at once when the number is fixed. `schedulers`: where they tell what is needed. */
  async follow(
    supervisor: Supervisor,
    schedulers: readonly Address[],
    say: (level: string, sentence: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { values } = this.#road;
    const bounds = values['up.senders'];
    if (bounds.least === bounds.most) return;
    const pace: FleetPace = { growAfterMs: values['up.growAfter'], shrinkAfterMs: values['up.shrinkAfter'], lateAtOnce };
    const metrics = schedulers.map((admin) => `http://${formatAddress(admin)}/metrics`);
    const see = () => seeFleet(metrics, systemClock);
    const hire = (number: number) => this.#hire(number);
    const fleet = new Fleet({ supervisor, bounds, pace, see, hire, clock: systemClock, say }, ['sender', ...this.#first.map(({ name }) => name)]);
    await fleet.follow(signal);
  }

  async #hire(number: number): Promise<Program> {
    const name = `sender-${number}`;
    const { host, port } = this.#road.doors['sender.admin'];
    const admin = await this.#ports.find(name, { host, port: port + number - 1 });
    return furtherSender(this.#road, name, admin, this.#launch);
  }
}
